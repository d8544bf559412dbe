// SPDX-License-Identifier: BSL-1.0

package cgoguard

/*
#include <cgo_guard.h>
*/
import "C"

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"
)

// EnableTraceback makes Go's own tracebacks and CPU profiles show C++ frames, by name. Their names begin with "C.", as
// in C.ns::count(int).
//
// It registers with runtime.SetCgoTraceback, which takes one registration in the life of a process. Hence:
//   - It is opt-in, and for the program to call, early in main. A library should leave it alone.
//   - If somebody else has registered (cgosymbolizer does when it is imported), it returns an error, and nothing has
//     changed. Who registers after it gets a panic, from Go.
//   - It can't be undone. Calling it again does nothing and returns nil.
//
// While it is on, each signal that a thread gets in C costs a walk of its stack, and each call from C into Go costs a
// walk of four frames. Only 32 C++ frames fit between two parts of a Go stack; Go drops what is above. GoStack and
// StackTrace of errors that were made in a callback contain the C++ frames between the Go ones.
//
// docs/traceback.md has the limits.
func EnableTraceback() error {
	tracebackOn.Lock()
	defer tracebackOn.Unlock()
	if tracebackOn.done {
		return nil
	}
	if reason := C.cgo_guard_prepare_traceback(); reason != nil {
		return fmt.Errorf("cgoguard: EnableTraceback: %s", C.GoString(reason))
	}
	if err := registerTraceback(); err != nil {
		return err
	}
	tracebackOn.done = true
	return nil
}

var tracebackOn struct {
	sync.Mutex
	done bool
}

func registerTraceback() (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("cgoguard: EnableTraceback: another package has called runtime.SetCgoTraceback before, and "+
				"Go takes one registration only (%v)", reason)
		}
	}()
	runtime.SetCgoTraceback(0, unsafe.Pointer(C.cgo_guard_traceback), unsafe.Pointer(C.cgo_guard_traceback_context),
		unsafe.Pointer(C.cgo_guard_symbolize))
	return nil
}
