// SPDX-License-Identifier: BSL-1.0

// Package inventory is what docs/tools.md shows the output of.
package inventory

/*
#cgo CPPFLAGS: -I${SRCDIR}/../../../../../include
#include "inventory.h"
*/
import "C"

import (
	"errors"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

func Clear() {
	C.inventory_clear() // want "dropped"
}

func Count(id int) (int, error) {
	var n C.int
	if _, err := C.inventory_count(C.int(id), &n); err != nil { // want "errno"
		return 0, err
	}
	return int(n), nil
}

func Total() (int, error) {
	var e *C.cgo_guard_error
	n := C.inventory_total(&e) // want "lost on a path"
	if n < 0 {
		return 0, errors.New("more was sold than bought")
	}
	return int(n), cgoguard.Err(e)
}
