// SPDX-License-Identifier: BSL-1.0

package cgoguard

import (
	"fmt"
	"runtime"
	"unsafe"
)

// Callback runs the body of an exported Go function that C++ calls, and returns what C++ is to be told: nil, or the
// report of the error that body returned or the panic that it raised.
//
//	//export inventory_visit
//	func inventory_visit(item C.uintptr_t) unsafe.Pointer {
//		return cgoguard.Callback(func() error { return visit(uintptr(item)) })
//	}
//
// The C++ side passes it on: cgo_guard::check(inventory_visit(item)). That throws, destructors run, and at the guard of
// the outer call Err returns an *Error which wraps the very same Go error, or goes on with the very same panic. The
// result is owned by C++; one that is not passed to check must be given to cgo_guard_free.
//
// A panic that is not caught here goes through C++ as Go's own panics do: the C++ frames are dropped without a
// destructor run. So does runtime.Goexit, which testing.T.FailNow calls: nothing can hold it up.
func Callback(body func() error) unsafe.Pointer {
	if failed := runCallback(body); failed != nil {
		return failed.report()
	}
	if releasedGoValues() {
		dropReleasedGoValues()
	}
	return nil
}

// goFailure is what stays in Go while C++ carries a handle of it.
type goFailure struct {
	err   error  // what body returned, or a *Panic
	panic *Panic // or nil
	pcs   []uintptr
}

func runCallback(body func() error) (failed *goFailure) {
	returned := false
	defer func() {
		if returned {
			return
		}
		// nil for panic(nil), in modules older than Go 1.21, and for runtime.Goexit. That goes on after this function,
		// whatever it does, and nobody will look at failed.
		value := recover()
		// The panicking function is still on the stack below this one.
		failed = &goFailure{pcs: callers(1)}
		failed.panic = continuedPanic(value, failed.pcs)
		failed.err = failed.panic
	}()
	err := body()
	returned = true
	if err != nil {
		failed = &goFailure{err: err, pcs: callers(2)} // from the caller of Callback
	}
	return failed
}

// report makes the error that C++ gets.
func (f *goFailure) report() unsafe.Pointer {
	dropReleasedGoValues()
	if f.panic != nil {
		return makeGoError(f, true, fmt.Sprintf("%T", f.panic.Value), f.panic.Error())
	}
	return makeGoError(f, false, fmt.Sprintf("%T", f.err), errorText(f.err))
}

// errorText is err.Error(), which is the user's code.
func errorText(err error) (text string) {
	defer func() {
		if value := recover(); value != nil {
			text = fmt.Sprintf("(its Error method panicked: %v)", value)
		}
	}()
	return err.Error()
}

// callers returns the program counters of the goroutine, without the innermost skip functions above its caller.
func callers(skip int) []uintptr {
	var pcs [maxGoFrames]uintptr
	n := runtime.Callers(skip+2, pcs[:])
	return append([]uintptr(nil), pcs[:n]...)
}
