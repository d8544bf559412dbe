// SPDX-License-Identifier: BSL-1.0

package main

/*
#cgo CFLAGS: -I${SRCDIR}/../../include
#cgo CXXFLAGS: -std=c++17 -I${SRCDIR}/../../include
#include "catalogue.h"
*/
import "C"

import (
	"runtime/cgo"
	"unsafe"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// visitor is called by C++ for every item of the catalogue.
type visitor func(item int) error

//export visit_in_go
func visit_in_go(handle C.uintptr_t, item C.int32_t) unsafe.Pointer {
	return cgoguard.Callback(func() error {
		return cgo.Handle(handle).Value().(visitor)(int(item))
	})
}

func visit(v visitor) error {
	handle := cgo.NewHandle(v)
	defer handle.Delete()
	return cgoguard.Err(C.catalogue_visit(C.uintptr_t(handle)))
}

func visitAll(v visitor) (refused int, err error) {
	handle := cgo.NewHandle(v)
	defer handle.Delete()
	var n C.int32_t
	err = cgoguard.Err(C.catalogue_visit_all(C.uintptr_t(handle), &n))
	return int(n), err
}

func price(item int) (cents int64, err error) {
	var n C.int64_t
	err = cgoguard.Err(C.catalogue_price(C.int32_t(item), &n))
	return int64(n), err
}

// locked asks on another thread: on this one the lock could be taken twice.
func locked() bool {
	answer := make(chan bool)
	go func() { answer <- C.catalogue_is_locked() != 0 }()
	return <-answer
}
