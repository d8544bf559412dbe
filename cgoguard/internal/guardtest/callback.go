// SPDX-License-Identifier: BSL-1.0

package guardtest

/*
#include "guardtest.h"
*/
import "C"

import (
	"runtime/cgo"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// CallGo makes a guarded call whose C++ calls function, and fails after that if it was asked to. wentOn reports whether
// the C++ code after the callback was reached.
func CallGo(function func(), failsAfter bool) (wentOn bool, err error) {
	handle := cgo.NewHandle(function)
	defer handle.Delete()
	var reached C.int32_t
	err = cgoguard.Err(C.guardtest_call_go(C.uintptr_t(handle), flag(failsAfter), &reached))
	return reached != 0, err
}

//export guardtest_go_function
func guardtest_go_function(function C.uintptr_t) {
	cgo.Handle(function).Value().(func())()
}
