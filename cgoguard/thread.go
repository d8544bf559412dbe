// SPDX-License-Identifier: BSL-1.0

package cgoguard

/*
#include <cgo_guard.h>

void cgoguard_thread_failed(cgo_guard_error *error);
*/
import "C"

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"unsafe"
)

// OnThreadError names the function that is given the failure of every C++ thread that nobody joins: of a
// cgo_guard::thread that was detached, and of a thread that somebody else started and that runs its work through
// cgo_guard::enter_thread. The error is an *Error, as Err would return it, without a Go stack: no Go code called that
// thread. One that carries a Go panic of a Callback is an error too, and wraps a *Panic.
//
// handler runs on the thread that failed, or on the one that detached it when it had failed already; on many threads at
// once if many fail. It should hand the error on and return. A panic in it ends the program.
//
// nil restores what is done at the start: the report is printed on stderr.
func OnThreadError(handler func(error)) {
	threadErrors.Lock()
	defer threadErrors.Unlock()
	threadErrors.handler.Store(&handler)
	if handler != nil {
		C.cgo_guard_on_thread_error((*[0]byte)(C.cgoguard_thread_failed))
	} else {
		C.cgo_guard_on_thread_error(nil)
	}
}

var threadErrors struct {
	sync.Mutex // for those who set it; a failing thread doesn't wait
	handler    atomic.Pointer[func(error)]
}

// deliverThreadError gives the error at p, which is released, to the handler.
func deliverThreadError(p unsafe.Pointer) {
	err := take(p, abiSize, (*C.cgo_guard_error)(p), false)
	for e, _ := err.(*Error); e != nil; e = e.Cause {
		e.trace.goPCs = nil // of the runtime's entry from C, which tells nothing
	}
	if handler := *threadErrors.handler.Load(); handler != nil {
		handler(err)
		return
	}
	// The handler was taken back while this failure was on its way.
	fmt.Fprintf(os.Stderr, "cgoguard: a C++ thread failed, and nobody joins it; OnThreadError would be told.\n%+v\n", err)
}
