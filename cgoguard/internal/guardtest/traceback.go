// SPDX-License-Identifier: BSL-1.0

package guardtest

/*
#include "traceback.h"
*/
import "C"

import (
	"runtime"
	"runtime/cgo"
	"time"
	"unsafe"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// Compute keeps C++ busy for that long, in guardtest::turn_the_mill.
func Compute(duration time.Duration) { C.guardtest_compute(C.int32_t(duration.Milliseconds())) }

// ThrowAndCatch throws inside a guard, and catches there.
func ThrowAndCatch(times int) error {
	return cgoguard.Err(C.guardtest_throw_and_catch(C.uint64_t(times)))
}

// Deliver has C++ call function, from guardtest::courier::hand_over.
func Deliver(function func()) {
	handle := cgo.NewHandle(function)
	defer handle.Delete()
	C.guardtest_deliver(C.uintptr_t(handle))
}

// Crashes end the process, each in a function of C++ that stands under no guard.
var Crashes = map[string]func(){
	"local function":   func() { C.guardtest_crash_in_local_function() },
	"no frame pointer": func() { C.guardtest_crash_without_frame_pointer() },
	"call":             func() { C.guardtest_crash_by_call() },
	"malloc":           func() { C.guardtest_crash_in_malloc() },
	"loader's lock":    func() { C.guardtest_crash_under_loaders_lock() },
}

// RegisterOtherTraceback is what another package does that wants C frames in Go's tracebacks.
func RegisterOtherTraceback() {
	runtime.SetCgoTraceback(0, unsafe.Pointer(C.guardtest_other_traceback), nil, nil)
}
