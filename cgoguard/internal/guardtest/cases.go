// SPDX-License-Identifier: BSL-1.0

package guardtest

/*
#include "guardtest.h"
*/
import "C"

import (
	"fmt"
	"runtime"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// Case is one way to fail, and what the error must say about it.
type Case struct {
	Name      string
	Code      cgoguard.Code
	Number    int
	ErrorName string // part of Error.Name
	Message   string // part of Error.Message; TOKEN stands for the token of the call
	Access    cgoguard.Access
	HasToken  bool // Error.Address is TokenAddress of the token of the call
	Heavy     bool // takes milliseconds: seldom in a load
	Leaks     bool // leaves something behind that no library could tidy up: not in a load

	function C.guardtest_function
}

// Call makes the guarded call. It fails.
func (c Case) Call(token uint64) error {
	return cgoguard.Err(C.guardtest_call(c.function, C.uint64_t(token)))
}

// MessageFor is what Error.Message must contain for a token.
func (c Case) MessageFor(token uint64) string {
	return replaceToken(c.Message, token)
}

// TokenAddress is where a fault with this token happens.
func TokenAddress(token uint64) uintptr { return uintptr(token & 0xff0) }

// Exceptions are the kinds of things that C++ can throw.
var Exceptions = []Case{
	{Name: "throw int", Code: exception, ErrorName: "int", Message: "TOKEN",
		function: C.guardtest_function(C.guardtest_throw_int)},
	{Name: "throw const char*", Code: exception, ErrorName: "char const*", Message: "a literal",
		function: C.guardtest_function(C.guardtest_throw_char_pointer)},
	{Name: "throw std::string", Code: exception, ErrorName: "string", Message: "token TOKEN",
		function: C.guardtest_function(C.guardtest_throw_string)},
	{Name: "throw struct", Code: exception, ErrorName: "guardtest::shelf",
		function: C.guardtest_function(C.guardtest_throw_struct)},
	{Name: "throw std::out_of_range", Code: exception, ErrorName: "std::out_of_range", Message: "token TOKEN",
		function: C.guardtest_function(C.guardtest_throw_out_of_range)},
	{Name: "throw std::system_error", Code: exception, Number: 2, ErrorName: "std::system_error",
		Message: "token TOKEN: No such file or directory", function: C.guardtest_function(C.guardtest_throw_system_error)},
	{Name: "throw std::filesystem_error", Code: exception, Number: 2, ErrorName: "filesystem_error",
		Message: "token TOKEN/", function: C.guardtest_function(C.guardtest_throw_filesystem_error)},
	{Name: "throw error of own category", Code: exception, Number: 2, ErrorName: "std::system_error",
		Message: "token TOKEN: shelf 2 is empty", function: C.guardtest_function(C.guardtest_throw_own_category)},
	{Name: "throw std::nested_exception", Code: exception, ErrorName: "std::logic_error",
		Message: "outermost token TOKEN", function: C.guardtest_function(C.guardtest_throw_nested)},
	{Name: "what() is null", Code: exception, ErrorName: "guardtest::what_null",
		function: C.guardtest_function(C.guardtest_what_null)},
	{Name: "what() throws", Code: exception, ErrorName: "guardtest::what_throws",
		function: C.guardtest_function(C.guardtest_what_throws)},
	{Name: "what() crashes", Code: exception, ErrorName: "guardtest::what_crashes",
		function: C.guardtest_function(C.guardtest_what_crashes)},
	{Name: "what() is huge", Code: exception, ErrorName: "std::runtime_error", Message: "token TOKEN", Heavy: true,
		function: C.guardtest_function(C.guardtest_what_huge)},
	{Name: "what() is not UTF-8", Code: exception, ErrorName: "std::runtime_error",
		Message: `caf\xe9 \\ \xed\xa0\x80 token TOKEN`, function: C.guardtest_function(C.guardtest_what_invalid_utf8)},
	{Name: "what() has many lines", Code: exception, ErrorName: "std::runtime_error",
		Message: "first line\nsecond line\r\n\x1b[31mtoken TOKEN", function: C.guardtest_function(C.guardtest_what_many_lines)},
	{Name: "std::string with NUL", Code: exception, ErrorName: "string", Message: "before\x00after token TOKEN",
		function: C.guardtest_function(C.guardtest_string_with_nul)},
}

// Faults are the ways in which an instruction can fail.
var Faults = []Case{
	{Name: "read through null", Code: signal, Number: sigsegv, ErrorName: "SIGSEGV", Message: "null", HasToken: true,
		Access: cgoguard.AccessRead, function: C.guardtest_function(C.guardtest_null_read)},
	{Name: "write through null", Code: signal, Number: sigsegv, ErrorName: "SIGSEGV", Message: "null", HasToken: true,
		Access: cgoguard.AccessWrite, function: C.guardtest_function(C.guardtest_null_write)},
	{Name: "call through null", Code: signal, Number: sigsegv, ErrorName: "SIGSEGV", Message: "null",
		Access: cgoguard.AccessExecute, function: C.guardtest_function(C.guardtest_null_call)},
	{Name: "method of null object", Code: signal, Number: sigsegv, ErrorName: "SIGSEGV", Message: "null",
		Access: cgoguard.AccessRead, function: C.guardtest_function(C.guardtest_null_object)},
	{Name: "write to read-only memory", Code: signal, Number: sigsegv, ErrorName: "SIGSEGV", Message: "read-only",
		Access: cgoguard.AccessWrite, function: C.guardtest_function(C.guardtest_write_read_only)},
	{Name: "execute data", Code: signal, Number: sigsegv, ErrorName: "SIGSEGV", Message: "exec",
		Access: cgoguard.AccessExecute, function: C.guardtest_function(C.guardtest_execute_data)},
	{Name: "read through wild pointer", Code: signal, Number: sigsegv, ErrorName: "SIGSEGV",
		function: C.guardtest_function(C.guardtest_wild_read)},
	{Name: "read past end of file", Code: signal, Number: sigbus, ErrorName: "SIGBUS",
		Access: cgoguard.AccessRead, function: C.guardtest_function(C.guardtest_read_past_file)},
	{Name: "arithmetic exception", Code: signal, Number: sigfpe, ErrorName: "SIGFPE", Message: arithmeticMessage(),
		function: C.guardtest_function(C.guardtest_arithmetic_exception)},
	{Name: "illegal instruction", Code: signal, Number: sigill, ErrorName: "SIGILL",
		function: C.guardtest_function(C.guardtest_illegal_instruction)},
	{Name: "breakpoint", Code: signal, Number: sigtrap, ErrorName: "SIGTRAP",
		function: C.guardtest_function(C.guardtest_breakpoint)},
	{Name: "raise SIGSYS", Code: signal, Number: sigsys, ErrorName: "SIGSYS",
		function: C.guardtest_function(C.guardtest_raise_sigsys)},
	{Name: "raise SIGSEGV", Code: signal, Number: sigsegv, ErrorName: "SIGSEGV",
		function: C.guardtest_function(C.guardtest_raise_sigsegv)},
	{Name: "fault under a lock", Code: signal, Number: sigsegv, ErrorName: "SIGSEGV", Message: "null", HasToken: true,
		Access: cgoguard.AccessWrite, function: C.guardtest_function(C.guardtest_fault_under_lock)},
	{Name: "stack overflow", Code: signal, Number: sigsegv, ErrorName: "SIGSEGV", Message: "stack overflow", Heavy: true,
		Access: cgoguard.AccessWrite, function: C.guardtest_function(C.guardtest_stack_overflow)},
}

// Aborts are the ways in which C++ and the C library end a process on purpose.
var Aborts = []Case{
	{Name: "abort", Code: signal, Number: sigabrt, ErrorName: "SIGABRT",
		function: C.guardtest_function(C.guardtest_abort)},
	{Name: "assert", Code: signal, Number: sigabrt, ErrorName: "SIGABRT", Message: "item is not known",
		function: C.guardtest_function(C.guardtest_assert)},
	{Name: "stack smashing", Code: signal, Number: sigabrt, ErrorName: "SIGABRT", Message: "stack smashing detected",
		function: C.guardtest_function(C.guardtest_stack_smashing)},
	{Name: "noexcept violation", Code: terminate, ErrorName: "std::out_of_range", Message: "token TOKEN",
		function: C.guardtest_function(C.guardtest_noexcept_violation)},
	{Name: "pure virtual call", Code: terminate, Message: "pure virtual",
		function: C.guardtest_function(C.guardtest_pure_virtual_call)},
	{Name: "std::terminate", Code: terminate, function: C.guardtest_function(C.guardtest_terminate)},
	{Name: "throw while unwinding", Code: terminate, ErrorName: "std::runtime_error", Message: "second token TOKEN",
		function: C.guardtest_function(C.guardtest_throw_while_unwinding)},
	{Name: "joinable thread destroyed", Code: terminate, Leaks: true,
		function: C.guardtest_function(C.guardtest_joinable_thread)},
}

// The failures that no other test should meet by chance.
var (
	// DoubleFree leaves the C heap of the process corrupt.
	DoubleFree = Case{Name: "double free", Code: signal, Number: sigabrt, ErrorName: "SIGABRT", Message: "double free",
		function: C.guardtest_function(C.guardtest_double_free)}

	// These spoil what the thread shares with Go before they fault.
	FloatTraps     = Case{Name: "float traps", function: C.guardtest_function(C.guardtest_fault_with_float_traps)}
	DirectionFlag  = Case{Name: "direction flag", function: C.guardtest_function(C.guardtest_fault_with_direction_flag)}
	AlignmentCheck = Case{Name: "alignment check", function: C.guardtest_function(C.guardtest_fault_with_alignment_check)}
)

// arithmeticMessage is what a SIGFPE says: it comes of a division, or is raised where 1/0 is 0.
func arithmeticMessage() string {
	if runtime.GOARCH == "amd64" {
		return "zero"
	}
	return "raised"
}

// All returns every case that leaves the process fit for the next one.
func All() []Case {
	var all []Case
	all = append(all, Exceptions...)
	all = append(all, Faults...)
	return append(all, Aborts...)
}

// Named returns the case of that name.
func Named(name string) Case {
	for _, c := range All() {
		if c.Name == name {
			return c
		}
	}
	panic(fmt.Sprintf("guardtest has no case named %q", name))
}
