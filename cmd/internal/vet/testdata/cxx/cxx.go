// SPDX-License-Identifier: BSL-1.0

// Package cxx has C++ functions with and without a guard.
package cxx

/*
#cgo CPPFLAGS: -I${SRCDIR}/../../../../../include
#include "exports.h"
*/
import "C"

import "github.com/cgo-guard/cgo_guard/cgoguard"

func call() error {
	var e *C.cgo_guard_error
	C.declared_place(1, &e)
	if e != nil {
		return cgoguard.Err(e)
	}
	return cgoguard.Err(C.declared_elsewhere(1))
}
