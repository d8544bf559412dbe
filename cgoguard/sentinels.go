// SPDX-License-Identifier: BSL-1.0

package cgoguard

import (
	"errors"
	"syscall"
)

// Targets for errors.Is, one for each signal that a guard recovers from. They match an *Error whose Code is CodeSignal
// and whose Number is that signal.
var (
	SIGSEGV error = &sentinel{"SIGSEGV", CodeSignal, int(syscall.SIGSEGV)}
	SIGBUS  error = &sentinel{"SIGBUS", CodeSignal, int(syscall.SIGBUS)}
	SIGFPE  error = &sentinel{"SIGFPE", CodeSignal, int(syscall.SIGFPE)}
	SIGILL  error = &sentinel{"SIGILL", CodeSignal, int(syscall.SIGILL)}
	SIGABRT error = &sentinel{"SIGABRT", CodeSignal, int(syscall.SIGABRT)}
	SIGTRAP error = &sentinel{"SIGTRAP", CodeSignal, int(syscall.SIGTRAP)}
	SIGSYS  error = &sentinel{"SIGSYS", CodeSignal, int(syscall.SIGSYS)}
)

// Targets for errors.Is, one for each Code. ErrSignal matches any signal.
var (
	ErrException   error = &sentinel{"C++ exception", CodeException, anyNumber}
	ErrSignal      error = &sentinel{"fatal signal in C++", CodeSignal, anyNumber}
	ErrTerminate   error = &sentinel{"std::terminate", CodeTerminate, anyNumber}
	ErrExit        error = &sentinel{"exit in C++", CodeExit, anyNumber}
	ErrGo          error = &sentinel{"Go error through C++", CodeGo, anyNumber}
	ErrQuarantined error = &sentinel{"C++ quarantined", CodeQuarantined, anyNumber}
)

var (
	// ErrMisuse is wrapped by the error that Err returns for a pointer that is no live cgo_guard_error.
	ErrMisuse = errors.New("cgoguard: misuse")
	// ErrVersion is wrapped by the error that Err returns for a cgo_guard_error of another ABI version. The failure
	// that it described is lost but for the text of that error.
	ErrVersion = errors.New("cgoguard: version mismatch")
)

// Exception returns a target for errors.Is that matches a C++ exception of a type, or of one derived from it, as a catch
// clause of that type would: by public and unambiguous bases.
//
//	if errors.Is(err, cgoguard.Exception("std::runtime_error")) { … }
//
// The type is written as Error.Types has it: with its namespaces, and for templates as demangled, with std::string for
// what that stands for. What a translator calls the failure doesn't matter here.
func Exception(cppType string) error { return exceptionType(cppType) }

type exceptionType string

func (t exceptionType) Error() string { return "C++ exception " + string(t) }

// anyNumber makes a sentinel match every number. It is no signal, errno or exit status.
const anyNumber = -1 << 31

// sentinel is a class of failures, recognised by Error.Is.
type sentinel struct {
	text   string
	code   Code
	number int
}

func (s *sentinel) Error() string { return s.text }

func (s *sentinel) matches(e *Error) bool {
	code := e.Code
	if code >= CodeUser {
		code = CodeException // which a translator has only given a code of its own
	}
	return code == s.code && (s.number == anyNumber || s.number == e.Number)
}
