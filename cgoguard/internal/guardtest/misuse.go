// SPDX-License-Identifier: BSL-1.0

package guardtest

/*
#include "guardtest.h"
*/
import "C"

import "github.com/cgo-guard/cgo_guard/cgoguard"

// The mistakes below are what Err is given instead of a live error. Each returns what Err said.

// PassSmall passes a pointer to less memory than the start of an error takes.
func PassSmall() error { return cgoguard.Err(C.guardtest_make_small()) }

// PassUnrelated passes a pointer to some other struct.
func PassUnrelated() error { return cgoguard.Err(C.guardtest_make_unrelated()) }

// PassReleased passes an error that was released before.
func PassReleased() (first, second error) {
	e := C.guardtest_throw_int(1)
	return cgoguard.Err(e), cgoguard.Err(e)
}

// PassNowhere passes pointers to where nothing can be read: one that was never anything, and one to the last bytes of a
// page.
func PassNowhere() (wild, atTheEnd error) {
	return cgoguard.Err(C.guardtest_wild_error()), cgoguard.Err(C.guardtest_error_at_the_end())
}

// PassFuture passes an error from a header of a later ABI version, with or without a release function. released is how
// often that function ran.
func PassFuture(withRelease bool) (err error, released int) {
	before := C.guardtest_future_errors_released()
	err = cgoguard.Err(C.guardtest_make_future_error(flag(withRelease)))
	return err, int(C.guardtest_future_errors_released() - before)
}

// Drop makes a call and drops its error. release takes it after all.
func Drop() (release func() error) {
	e := C.guardtest_throw_int(1)
	return func() error { return cgoguard.Err(e) }
}
