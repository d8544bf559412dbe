// SPDX-License-Identifier: BSL-1.0

// Package guardtest has guarded C++ functions that fail in every way this library knows. It is used by the tests of
// package cgoguard, which cannot use cgo themselves, and by nothing else.
package guardtest

/*
#cgo CFLAGS: -I${SRCDIR}/../../../include
#cgo CXXFLAGS: -std=c++17 -fstack-protector-strong -I${SRCDIR}/../../../include
#include <stdlib.h>
#include <string.h>
#include "guardtest.h"
*/
import "C"

import (
	"unsafe"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// Success makes a guarded call that succeeds, and returns what it was given.
func Success(token uint64) (uint64, error) {
	var out C.uint64_t
	err := cgoguard.Err(C.guardtest_success(C.uint64_t(token), &out))
	return uint64(out), err
}

// Value makes a guarded call in the value form. It returns token, or 0 and an error.
func Value(token uint64, fails bool) (uint64, error) {
	var failure *C.cgo_guard_error
	value := C.guardtest_value(C.uint64_t(token), flag(fails), &failure)
	return uint64(value), cgoguard.Err(failure)
}

// NilErr gives Err a nil, as every successful call does.
func NilErr() error { return cgoguard.Err((*C.cgo_guard_error)(nil)) }

// NullReadErrno makes a call that recovers from a fault, in the form that also gives errno, and returns errno as Go
// sees it.
func NullReadErrno() (failure, errno error) {
	e, errno := C.guardtest_null_read(0)
	return cgoguard.Err(e), errno
}

// ThreadsCanBeUnwound reports whether pthread_cancel has the unwinder that C++ has in this process.
func ThreadsCanBeUnwound() bool { return C.guardtest_threads_can_be_unwound() != 0 }

// CancelledThreadUnwinds reports whether pthread_cancel got through a guard, running destructors on its way.
func CancelledThreadUnwinds() bool { return C.guardtest_cancelled_thread_unwinds() != 0 }

// LockIsFree reports whether the lock that FaultUnderLock takes is free.
func LockIsFree() bool { return C.guardtest_lock_is_free() != 0 }

// Fill makes C++ write into a Go buffer, over and over, and then fail if it was asked to.
func Fill(buffer []byte, rounds int, fails bool) error {
	return cgoguard.Err(C.guardtest_fill((*C.uint8_t)(unsafe.Pointer(&buffer[0])), C.uint64_t(len(buffer)),
		C.uint64_t(rounds), flag(fails)))
}

// UseHeap allocates and releases n bytes of C memory three ways.
func UseHeap(n int) {
	p := C.malloc(C.size_t(n))
	C.memset(p, 1, C.size_t(n))
	C.free(p)
	text := C.CString(string(make([]byte, n)))
	C.free(unsafe.Pointer(text))
	more := C.calloc(1, C.size_t(n))
	C.free(more)
}

func flag(b bool) C.int32_t {
	if b {
		return 1
	}
	return 0
}
