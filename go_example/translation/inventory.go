// SPDX-License-Identifier: BSL-1.0

package main

/*
#cgo CFLAGS: -I${SRCDIR}/../../include
#cgo CXXFLAGS: -std=c++17 -I${SRCDIR}/../../include
#include <stdlib.h>
#include "exports.h"
*/
import "C"

import (
	"fmt"
	"unsafe"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// Reason is why an item can't be had: the code that exports.cpp gives.
type Reason int

const (
	UnknownItem Reason = 1
	SoldOut     Reason = 2
)

// ItemError is an inventory::error in Go.
type ItemError struct {
	Reason Reason
	SKU    string
}

func (e *ItemError) Error() string {
	if e.Reason == SoldOut {
		return fmt.Sprintf("item %s is sold out", e.SKU)
	}
	return fmt.Sprintf("there is no item %s", e.SKU)
}

func init() {
	cgoguard.RegisterError("inventory::error", func(e *cgoguard.Error) error {
		return &ItemError{Reason: Reason(e.Code - cgoguard.CodeUser), SKU: e.Fields["sku"]}
	})
}

func take(sku string, pieces int) (left int, err error) {
	csku := C.CString(sku)
	defer C.free(unsafe.Pointer(csku))
	var n C.int32_t
	err = cgoguard.Err(C.inventory_take(csku, C.int32_t(pieces), &n))
	return int(n), err
}

func order(skus string) error {
	cskus := C.CString(skus)
	defer C.free(unsafe.Pointer(cskus))
	return cgoguard.Err(C.inventory_order(cskus))
}
