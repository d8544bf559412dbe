// SPDX-License-Identifier: BSL-1.0

package guardtest

/*
#include "crossing.h"
*/
import "C"

import (
	"runtime/cgo"
	"unsafe"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// Crossing is what the C++ between a guard and a callback does with the callback's failure.
type Crossing int

const (
	PassOn          Crossing = C.GUARDTEST_PASS_ON
	Swallow         Crossing = C.GUARDTEST_SWALLOW
	CatchAndRethrow Crossing = C.GUARDTEST_CATCH_AND_RETHROW
	Nest            Crossing = C.GUARDTEST_NEST
	Replace         Crossing = C.GUARDTEST_REPLACE
	KeepAndRaise    Crossing = C.GUARDTEST_KEEP_AND_RAISE
)

// Seen is what the C++ saw of it.
type Seen struct {
	Destructors, Caught int
	IsPanic, WentOn     bool
	Type, What          string
}

// Cross makes a guarded call whose C++ calls body through cgoguard.Callback. If that panics, seen is what it was then.
func Cross(body func() error, how Crossing, seen *Seen) error {
	handle := cgo.NewHandle(body)
	defer handle.Delete()
	var s C.guardtest_crossing_seen
	defer seen.set(&s)
	return cgoguard.Err(C.guardtest_cross(C.uintptr_t(handle), C.int32_t(how), &s))
}

// CrossUnwrapped is Cross without cgoguard.Callback and check: an ordinary callback.
func CrossUnwrapped(body func(), seen *Seen) error {
	handle := cgo.NewHandle(body)
	defer handle.Delete()
	var s C.guardtest_crossing_seen
	defer seen.set(&s)
	return cgoguard.Err(C.guardtest_cross_unwrapped(C.uintptr_t(handle), &s))
}

func (seen *Seen) set(s *C.guardtest_crossing_seen) {
	*seen = Seen{int(s.destructors), int(s.caught), s.is_panic != 0, s.went_on != 0,
		C.GoString(&s._type[0]), C.GoString(&s.what[0])}
}

//export guardtest_checked_go_function
func guardtest_checked_go_function(function C.uintptr_t) unsafe.Pointer {
	return cgoguard.Callback(cgo.Handle(function).Value().(func() error))
}

// CheckInnerGuard makes a guarded call whose C++ passes the failure of a guard inside to check.
func CheckInnerGuard() error { return cgoguard.Err(C.guardtest_check_inner_guard()) }

// CheckNonsense gives check what is no report: 0 a number, 1 a report of another version.
func CheckNonsense(which int) error {
	return cgoguard.Err(C.guardtest_check_nonsense(C.int32_t(which)))
}

// BareCallbacks makes n callbacks in one guarded call, as cgo has them.
func BareCallbacks(n int) error { return cgoguard.Err(C.guardtest_bare_callbacks(C.uint64_t(n))) }

// CheckedCallbacks makes n successful callbacks through Callback and check.
func CheckedCallbacks(n int) error {
	return cgoguard.Err(C.guardtest_checked_callbacks(C.uint64_t(n)))
}

//export guardtest_bare_go_function
func guardtest_bare_go_function() {}

//export guardtest_successful_go_function
func guardtest_successful_go_function() unsafe.Pointer {
	return cgoguard.Callback(func() error { return nil })
}
