// SPDX-License-Identifier: BSL-1.0

package main

/*
#cgo CFLAGS: -I${SRCDIR}/../../include
#cgo CXXFLAGS: -std=c++17 -I${SRCDIR}/../../include
#include <stdlib.h>
#include "gallery.h"

static inline cgo_guard_error *call(gallery_failure f) { return f(); }
*/
import "C"

import (
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// A failure is one page of the gallery. want is what its error must match.
type failure struct {
	title    string
	function C.gallery_failure
	want     error
}

func (f failure) call() error { return cgoguard.Err(C.call(f.function)) }

// failures end with what leaves the heap corrupt.
var failures = append(append(beforeProcessor, ofProcessor...), behindProcessor...)

var beforeProcessor = []failure{
	{"vector::at with an index that is too large", C.gallery_failure(C.throw_out_of_range), cgoguard.ErrException},
	{"a file that is not there", C.gallery_failure(C.throw_file_not_found), syscall.ENOENT},
	{"a chain of nested exceptions", C.gallery_failure(C.throw_nested), cgoguard.ErrException},
	{"an exception that was logged and thrown again", C.gallery_failure(C.throw_again_after_logging), cgoguard.ErrException},
	{"throw 42", C.gallery_failure(C.throw_number), cgoguard.ErrException},
	{"throw of a plain string", C.gallery_failure(C.throw_text), cgoguard.ErrException},
	{"throw of a struct of one's own", C.gallery_failure(C.throw_own_type), cgoguard.ErrException},
	{"an exception whose what() crashes", C.gallery_failure(C.throw_with_broken_what), cgoguard.ErrException},
	{"a null pointer that is read", C.gallery_failure(C.read_null), cgoguard.SIGSEGV},
	{"a wild pointer that is written", C.gallery_failure(C.write_wild), cgoguard.SIGSEGV},
	{"a constant that is written", C.gallery_failure(C.write_constant), cgoguard.SIGSEGV},
	{"a null function pointer that is called", C.gallery_failure(C.call_null), cgoguard.SIGSEGV},
	{"data that is executed", C.gallery_failure(C.execute_data), cgoguard.SIGSEGV},
	{"recursion without an end", C.gallery_failure(C.overflow_stack), cgoguard.SIGSEGV},
	{"a mapped file that is shorter than its mapping", C.gallery_failure(C.read_past_file), cgoguard.SIGBUS},
}

var behindProcessor = []failure{
	{"abort", C.gallery_failure(C.call_abort), cgoguard.SIGABRT},
	{"raise(SIGSYS)", C.gallery_failure(C.raise_sigsys), cgoguard.SIGSYS},
	{"a local array that is overrun", C.gallery_failure(C.smash_stack), cgoguard.SIGABRT},
	{"std::terminate", C.gallery_failure(C.call_terminate), cgoguard.ErrTerminate},
	{"a throw out of a noexcept function", C.gallery_failure(C.break_noexcept), cgoguard.ErrTerminate},
	{"a throw out of a destructor while unwinding", C.gallery_failure(C.throw_while_unwinding), cgoguard.ErrTerminate},
	{"a pure virtual call", C.gallery_failure(C.call_pure_virtual), cgoguard.ErrTerminate},
	{"a thread that nobody joined", C.gallery_failure(C.forget_to_join), cgoguard.ErrTerminate},
	{"a crash while a lock is held", C.gallery_failure(C.crash_under_lock), cgoguard.SIGSEGV},
	{"a crash, and another in a destructor", C.gallery_failure(C.crash_while_cleaning), cgoguard.SIGSEGV},
	{"a catch (...) that swallows everything", C.gallery_failure(C.swallow_everything), cgoguard.SIGSEGV},
	// The last two, because a corrupt heap is for good: after the first, every guard refuses.
	{"a block that is freed twice", C.gallery_failure(C.free_twice), cgoguard.SIGABRT},
	{"any guard after that", C.gallery_failure(C.do_nothing), cgoguard.ErrQuarantined},
}

// seedCrash is the call that the seed's program died of.
func seedCrash(text string) error {
	ctext := C.CString(text)
	defer C.free(unsafe.Pointer(ctext))
	return cgoguard.Err(C.test_crash(ctext))
}

func seedNullObject() error { return cgoguard.Err(C.test_null_object()) }

// checkLock proves that the lock of crash_under_lock was given back.
func checkLock(err error) error {
	var e *cgoguard.Error
	if errors.As(err, &e) && e.Function == "crash_under_lock" && C.lock_is_free() == 0 {
		return fmt.Errorf("the lock is still held")
	}
	return nil
}
