// SPDX-License-Identifier: BSL-1.0

package cgoguard

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"syscall"
	"testing"
)

// The interfaces that error reporters look for.
var (
	_ error                               = (*Error)(nil)
	_ fmt.Formatter                       = (*Error)(nil)
	_ json.Marshaler                      = (*Error)(nil)
	_ interface{ StackTrace() []uintptr } = (*Error)(nil)
	_ interface{ Callers() []uintptr }    = (*Error)(nil)
	_ interface{ Addr() uintptr }         = (*Error)(nil)
	_ interface{ Unwrap() error }         = (*Error)(nil)
	_ interface{ Is(target error) bool }  = (*Error)(nil)
	_ interface{ String() string }        = Code(0)
	_ interface{ String() string }        = Cleanup(0)
	_ interface{ String() string }        = Access(0)
	_ interface{ String() string }        = HeapPolicy(0)
)

func nullRead() *Error {
	return &Error{Code: CodeSignal, Number: int(syscall.SIGSEGV), Name: "SIGSEGV", Message: "null pointer read at 0x10",
		Function: "inventory_count", File: "/src/inventory.cpp", Line: 12, Address: 0x10, Access: AccessRead, ThreadID: 7}
}

func TestErrorIsOneReadableLine(t *testing.T) {
	skipped := nullRead()
	skipped.Cleanup, skipped.Skipped = CleanupPartial, 2
	skippedOne := nullRead()
	skippedOne.Cleanup, skippedOne.Skipped = CleanupPartial, 1
	none := nullRead()
	none.Cleanup = CleanupNone
	for _, test := range []struct {
		err  *Error
		want string
	}{
		{nullRead(), "SIGSEGV: null pointer read at 0x10 in inventory_count (inventory.cpp:12)"},
		{skipped, "SIGSEGV: null pointer read at 0x10 in inventory_count (inventory.cpp:12) [cleanup partial: 2 frames skipped]"},
		{skippedOne, "SIGSEGV: null pointer read at 0x10 in inventory_count (inventory.cpp:12) [cleanup partial: 1 frame skipped]"},
		{none, "SIGSEGV: null pointer read at 0x10 in inventory_count (inventory.cpp:12) [cleanup none]"},
		{&Error{Code: CodeException, Name: "std::out_of_range", Message: "map::at", Function: "f", File: "a.cpp", Line: 1},
			"std::out_of_range: map::at in f (a.cpp:1)"},
		{&Error{Code: CodeException, Name: "guardtest::shelf", Function: "f", File: "a.cpp", Line: 1},
			"guardtest::shelf in f (a.cpp:1)"},
		{&Error{Code: CodeException, Name: "E", Message: "two\nlines\x1b[1m\u2028\x00"}, `E: two\nlines\x1b[1m\u2028\x00`},
		{&Error{Code: CodeTerminate, Name: "std::out_of_range", Message: "m"}, "std::terminate on std::out_of_range: m"},
		{&Error{Code: CodeTerminate, Message: "m"}, "std::terminate: m"},
		{&Error{Code: CodeExit, Number: 3, Name: "exit"}, "exit(3)"},
		{&Error{Code: CodeQuarantined, Name: "double free", Message: "m"}, "quarantined: m"},
		{&Error{Code: CodeQuarantined, Message: "it is corrupt. Restart", Function: "f", File: "a.cpp", Line: 1},
			"quarantined in f (a.cpp:1): it is corrupt. Restart"},
		{&Error{Code: CodeSignal, Name: "SIGSEGV", Message: "no details", Cleanup: CleanupUnknown}, "SIGSEGV: no details [cleanup unknown]"},
		{&Error{Code: 77}, "unknown(77)"},
		{&Error{}, "unknown(0)"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("Error() = %q, want %q", got, test.want)
		}
	}
}

func TestTrap61FormatVerbs(t *testing.T) {
	e := nullRead()
	e.Message = "two\nlines"
	e.Cause = &Error{Code: CodeException, Name: "std::bad_alloc", Message: "the cause"}
	line := `SIGSEGV: two\nlines in inventory_count (inventory.cpp:12)`
	for _, test := range []struct{ format, want string }{
		{"%v", line},
		{"%s", line},
		{"%q", fmt.Sprintf("%q", line)},
		{"%80s", fmt.Sprintf("%80s", line)},
		{"%-80v|", fmt.Sprintf("%-80s|", line)},
		{"%.7s", "SIGSEGV"},
		{"%x", fmt.Sprintf("%x", line)},
		{"%d", "%!d(*cgoguard.Error=" + line + ")"},
	} {
		if got := fmt.Sprintf(test.format, e); got != test.want {
			t.Errorf("%s gives %q, want %q", test.format, got, test.want)
		}
	}
	everything := fmt.Sprintf("%+v", e)
	for _, part := range []string{line + "\n", "two\n           lines", "signal 11", "0x10 (read)", "inventory_count at /src/inventory.cpp:12",
		"thread   7", "cleanup  complete", "\ncaused by: std::bad_alloc: the cause\n"} {
		if !strings.Contains(everything, part) {
			t.Errorf("%%+v lacks %q:\n%s", part, everything)
		}
	}
}

func TestTrap61UnwrapIsNeverATypedNil(t *testing.T) {
	if cause := nullRead().Unwrap(); cause != nil {
		t.Errorf("Unwrap() of an error without a cause is %#v, not nil", cause)
	}
	if errors.Unwrap(nullRead()) != nil {
		t.Error("errors.Unwrap() of an error without a cause is not nil")
	}
	inner := &Error{Code: CodeException, Name: "inner"}
	outer := &Error{Code: CodeException, Name: "outer", Cause: inner}
	if errors.Unwrap(outer) != error(inner) {
		t.Error("Unwrap() is not the cause")
	}
}

func TestTrap61IsAndAs(t *testing.T) {
	systemError := func(category string) *Error {
		return &Error{Code: CodeException, Name: "std::system_error", Number: int(syscall.ENOENT), Category: category}
	}
	for _, test := range []struct {
		err    *Error
		target error
		want   bool
	}{
		{nullRead(), SIGSEGV, true},
		{nullRead(), ErrSignal, true},
		{nullRead(), SIGBUS, false},
		{nullRead(), ErrException, false},
		{nullRead(), syscall.Errno(syscall.SIGSEGV), false},
		{&Error{Code: CodeException, Number: int(syscall.SIGSEGV)}, SIGSEGV, false},
		{&Error{Code: CodeTerminate}, ErrTerminate, true},
		{&Error{Code: CodeExit, Number: 3}, ErrExit, true},
		{&Error{Code: CodeGo}, ErrGo, true},
		{&Error{Code: CodeQuarantined}, ErrQuarantined, true},
		{systemError("generic"), syscall.ENOENT, true},
		{systemError("system"), syscall.ENOENT, true},
		{systemError("generic"), fs.ErrNotExist, true},
		{systemError("generic"), syscall.EACCES, false},
		{systemError("generic"), fs.ErrPermission, false},
		{systemError("warehouse"), syscall.ENOENT, false},
		{systemError(""), syscall.ENOENT, false},
		{&Error{Code: CodeSignal, Cause: systemError("system")}, syscall.ENOENT, true},
	} {
		if got := errors.Is(fmt.Errorf("wrapped: %w", test.err), test.target); got != test.want {
			t.Errorf("errors.Is(%v (category %q), %v) = %v, want %v", test.err, test.err.Category, test.target, got, test.want)
		}
	}

	var as *Error
	want := nullRead()
	if !errors.As(fmt.Errorf("wrapped: %w", want), &as) || as != want {
		t.Errorf("errors.As gave %v", as)
	}
}

func TestAnErrorThatWasNotMadeByErrHasEmptyStacks(t *testing.T) {
	e := &Error{}
	if e.Stack() != "" || e.Frames() != nil || e.StackTrace() != nil || e.Callers() != nil {
		t.Error("an error without stacks invented one")
	}
}

func TestMarshalJSONHasEveryField(t *testing.T) {
	e := nullRead()
	e.Message = "quote \" and\nline"
	e.Cleanup, e.Skipped = CleanupPartial, 2
	e.Cause = &Error{Code: CodeException, Name: "std::system_error", Number: 2, Category: "generic"}
	text, err := json.Marshal(map[string]any{"err": error(e)})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	want := map[string]any{
		"error": e.Error(), "code": "signal", "number": 11.0, "name": "SIGSEGV", "message": e.Message,
		"function": "inventory_count", "file": "/src/inventory.cpp", "line": 12.0, "address": "0x10", "access": "read",
		"thread_id": 7.0, "cleanup": "partial", "skipped": 2.0, "c_stack": "",
		"cause": map[string]any{
			"error": "std::system_error", "code": "exception", "number": 2.0, "name": "std::system_error", "message": "",
			"category": "generic", "function": "", "file": "", "line": 0.0, "thread_id": 0.0, "cleanup": "complete",
			"skipped": 0.0, "c_stack": "",
		},
	}
	if !reflect.DeepEqual(got["err"], want) {
		t.Errorf("got  %v\nwant %v", got["err"], want)
	}
}

func TestWordsOfEveryValue(t *testing.T) {
	got := fmt.Sprint(CodeException, CodeSignal, CodeTerminate, CodeExit, CodeGo, CodeQuarantined, Code(9), "; ",
		CleanupComplete, CleanupPartial, CleanupNone, Cleanup(-1), "; ",
		AccessUnknown, AccessRead, AccessWrite, AccessExecute, "; ",
		HeapQuarantine, HeapContinue, HeapCrash, "; ", SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS)
	want := "exception signal terminate exit go quarantined unknown(9); complete partial none unknown(-1); " +
		"unknown read write execute; quarantine continue crash; SIGSEGV SIGBUS SIGFPE SIGILL SIGABRT SIGTRAP SIGSYS"
	if got := strings.ReplaceAll(got, " ;", ";"); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestFrameLinesAreReadField(t *testing.T) {
	const line = "0x7f0000001234\tns::f(int)\tdir/a.cpp\t12\t7\t/usr/lib/libx.so\t0x1234\tc0ffee\t1"
	want := Frame{PC: 0x7f0000001234, Function: "ns::f(int)", File: "dir/a.cpp", Line: 12, Column: 7,
		Module: "/usr/lib/libx.so", Offset: 0x1234, BuildID: "c0ffee", Inlined: true}
	if got := parseFrame(line); got != want {
		t.Errorf("got %+v", got)
	}
	if got := parseFrame(line + "\ta field of a later version"); got != want {
		t.Errorf("a line with more fields gave %+v", got)
	}
	if got := parseFrame("7f00\tf"); got != (Frame{PC: 0x7f00, Function: "f"}) {
		t.Errorf("a line with fewer fields gave %+v", got)
	}
}

func TestOmittedFramesAreCountedInGroupsOfThree(t *testing.T) {
	for frames, want := range map[uint64]string{
		1:       "... 1 frame left out ...",
		999:     "... 999 frames left out ...",
		28979:   "... 28,979 frames left out ...",
		1234567: "... 1,234,567 frames left out ...",
	} {
		if got := omittedText(frames); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestConfigureRefusesValuesThatAreNone(t *testing.T) {
	for _, bad := range []HeapPolicy{-1, 3, 1 << 30} {
		err := Configure(Options{OnHeapCorruption: bad})
		if err == nil || !strings.Contains(err.Error(), fmt.Sprint(int(bad))) {
			t.Errorf("Configure(%d) = %v, want an error that names the value", int(bad), err)
		}
	}
	for _, good := range []HeapPolicy{HeapCrash, HeapContinue, HeapQuarantine} {
		if err := Configure(Options{OnHeapCorruption: good}); err != nil {
			t.Errorf("Configure(%v) = %v", good, err)
		}
	}
}
