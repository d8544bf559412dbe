// SPDX-License-Identifier: BSL-1.0

package cgoguard

import (
	"errors"
	"path"
	"strconv"
	"strings"
	"syscall"
)

// Error is one failure of a guarded C++ function. It owns all that it holds, none of it in C memory, and may be copied
// and used from many goroutines at once.
type Error struct {
	Code Code
	// Number is the signal, error_code::value() or errno, or the exit status. 0 where there is none.
	Number int
	// Name is the demangled exception type, such as "std::out_of_range", or the signal, such as "SIGSEGV".
	Name string
	// Message is what(), the text of the failed assertion, or the decoded fault, at full length. It is valid UTF-8: a
	// message that was not has its invalid bytes written as \xNN, and its backslashes doubled so that no byte is lost.
	Message string
	// Category is error_category::name() of a std::system_error and its like. It tells what Number counts.
	Category string

	// Function, File and Line are the guard's site: the function that holds the guarded block.
	Function string
	File     string
	Line     int

	Address  uintptr // what the failing instruction wanted to use; 0 where the signal has no address
	Access   Access  // what it wanted to do there
	ThreadID int     // the kernel's id of the thread that failed

	Cleanup Cleanup
	Skipped int // frames whose cleanups did not run

	// CoreFile is where the core of this fault is, or "" if none was taken (Options.CoreOnFault). The process does not wait
	// for it: there is a file of that name when the core is complete, and until then one whose name ends in ".unfinished".
	CoreFile string

	// Cause is the next exception of a std::nested_exception chain, or the failure of a guard inside that was passed to
	// cgo_guard::check. Or nil.
	Cause *Error

	// Fields is what a translator of the exception's type added. nil if it added nothing.
	Fields map[string]string

	types      string     // what a catch clause could name for the exception, one a line
	carried    *goFailure // for CodeGo, what the callback reported; else nil
	translated error      // what a Go translator made of this, or nil

	// A pointer, so that a copied Error shares the work of symbolizing and never copies a lock.
	trace *trace
}

// Error returns one line: what happened, in which guarded function, and what was left unclean, if anything was.
//
//	std::out_of_range: map::at in inventory_count (inventory.cpp:12)
//	SIGSEGV: null pointer read at 0x10 in inventory_count (inventory.cpp:12) [cleanup partial: 2 frames skipped]
//
// Line breaks and other control characters are escaped, so that a message can neither forge a line of a log nor steer a
// terminal. So it is in all the texts that are made of an Error (%+v, Print and LogValue keep the lines of a message, each
// below its label). The fields have what C++ has said.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.title())
	if e.Code == CodeQuarantined { // whose message is sentences, and not of this function
		b.WriteString(e.siteText())
	}
	if e.Message != "" {
		b.WriteString(": ")
		b.WriteString(e.Message)
	}
	if e.Code != CodeQuarantined {
		b.WriteString(e.siteText())
	}
	if e.Cleanup != CleanupComplete {
		b.WriteString(" [cleanup " + e.cleanupText() + "]")
	}
	return oneLine(b.String())
}

// siteText is " in f (a.cpp:12)", or as much of that as is known.
func (e *Error) siteText() string {
	text := ""
	if e.Function != "" {
		text = " in " + e.Function
	}
	if e.File != "" {
		text += " (" + path.Base(e.File) + ":" + strconv.Itoa(e.Line) + ")"
	}
	return text
}

// title is the word or two before the message.
func (e *Error) title() string {
	switch e.Code {
	case CodeException, CodeSignal, CodeGo:
		if e.Name != "" {
			return e.Name
		}
	case CodeTerminate:
		if e.Name != "" {
			return "std::terminate on " + e.Name
		}
		return "std::terminate"
	case CodeExit:
		if e.Message != "" {
			return "exit" // the message says by which of the functions, and with which status
		}
		return "exit(" + strconv.Itoa(e.Number) + ")"
	default:
		if e.Code >= CodeUser && e.Name != "" {
			return e.Name
		}
	}
	return e.Code.String()
}

func (e *Error) cleanupText() string {
	switch e.Skipped {
	case 0:
		return e.Cleanup.String()
	case 1:
		return e.Cleanup.String() + ": 1 frame skipped"
	}
	return e.Cleanup.String() + ": " + strconv.Itoa(e.Skipped) + " frames skipped"
}

// Unwrap returns the Go error that came through C++ (CodeGo), else Cause, or nil when there is neither. For a Go panic
// that C++ turned into an error, that is a *Panic.
func (e *Error) Unwrap() error {
	if e.carried != nil {
		return e.carried.err
	}
	if e.Cause == nil {
		return nil // not e.Cause: a nil *Error in an error is not a nil error
	}
	return e.Cause
}

// Is reports whether target is one of this package's sentinels and e is of that class, or target is the errno of a
// C++ exception that carries one (category "generic" or "system"), or what that errno stands for, as in
// errors.Is(err, fs.ErrNotExist).
func (e *Error) Is(target error) bool {
	if e.translated != nil && errors.Is(e.translated, target) {
		return true
	}
	if e.carried != nil && e.Cause != nil && errors.Is(e.Cause, target) { // Unwrap leads to the Go error only
		return true
	}
	switch target := target.(type) {
	case *sentinel:
		return target.matches(e)
	case exceptionType:
		return e.hasType(string(target))
	}
	if e.Category != "generic" && e.Category != "system" {
		return false
	}
	errno := syscall.Errno(e.Number)
	return target == errno || errno.Is(target)
}

// As lets errors.As find what a translator made of this error.
func (e *Error) As(target any) bool {
	if e.translated != nil && errors.As(e.translated, target) {
		return true
	}
	return e.carried != nil && e.Cause != nil && errors.As(e.Cause, target)
}

// Types returns the C++ types that a catch clause could name for the exception, most derived first: the thrown type itself,
// then its public and unambiguous bases. nil where this is no exception.
func (e *Error) Types() []string {
	return strings.FieldsFunc(e.types, func(r rune) bool { return r == '\n' })
}

// hasType reports whether a catch clause of that type would have caught the exception.
func (e *Error) hasType(name string) bool {
	for rest := e.types; rest != ""; {
		end := strings.IndexByte(rest, '\n')
		if rest[:end] == name {
			return true
		}
		rest = rest[end+1:]
	}
	return false
}

// Addr returns Address, in the shape of Go's own fault errors.
func (e *Error) Addr() uintptr { return e.Address }

// CStack returns the C++ stack of the throw or the fault, innermost frame first: two lines a frame, the function and
// then a tab and file:line. Inlined frames have lines of their own. It is "" when nothing was recorded.
//
// Addresses are symbolized on the first call, which may take a tenth of a second in a process that has never done so.
func (e *Error) CStack() string { return e.trace.cppText() }

// GoStack returns the Go stack of the call that failed, from the caller of Err outwards, in the same form as CStack.
func (e *Error) GoStack() string { return e.trace.goText() }

// Stack returns the whole way from the failure to the start of the goroutine: CStack, then GoStack. For a Go error that
// came through C++, the Go stack of its callback comes first.
func (e *Error) Stack() string { return e.callbackStack() + e.CStack() + e.GoStack() }

// callbackStack is the Go stack of the callback whose error this is, down to where C++ had called it.
func (e *Error) callbackStack() string {
	switch {
	case e.carried == nil:
		return ""
	case e.carried.panic != nil:
		return e.carried.panic.Stack()
	}
	return goStackText(e.carried.pcs, true)
}

// Frames returns the C++ stack as values, innermost first, symbolized like CStack. The slice is the caller's.
func (e *Error) Frames() []Frame { return e.trace.cppFrames() }

// StackTrace returns the program counters of GoStack, for runtime.CallersFrames. Error reporters such as Sentry look for
// this method. C++ addresses are not among them, because the Go runtime drops those silently; after EnableTraceback, those
// between two Go frames are.
func (e *Error) StackTrace() []uintptr { return e.trace.goCallers() }

// Callers returns the same as StackTrace, under the name that other error reporters look for.
func (e *Error) Callers() []uintptr { return e.trace.goCallers() }
