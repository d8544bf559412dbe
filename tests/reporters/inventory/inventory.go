// SPDX-License-Identifier: BSL-1.0

// Package inventory has guarded C++ that fails, for the tests of what error reporters show.
package inventory

/*
#cgo CFLAGS: -I${SRCDIR}/../../../include
#cgo CXXFLAGS: -std=c++17 -I${SRCDIR}/../../../include
#include "inventory.h"
*/
import "C"

import (
	"fmt"
	"runtime/cgo"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// Fault writes through a null pointer.
func Fault() error { return cgoguard.Err(C.inventory_fault()) }

// Nested fails with a chain of three C++ exceptions.
func Nested() error { return cgoguard.Err(C.inventory_nested()) }

// Wrapped is Fault as a caller would hand it on.
func Wrapped() error { return fmt.Errorf("counting the inventory: %w", Fault()) }

// Deliver has C++ call function.
func Deliver(function func()) {
	handle := cgo.NewHandle(function)
	defer handle.Delete()
	C.inventory_deliver(C.uintptr_t(handle))
}

//export inventory_go_function
func inventory_go_function(function C.uintptr_t) { cgo.Handle(function).Value().(func())() }
