// SPDX-License-Identifier: BSL-1.0

package main

/*
#cgo CFLAGS: -I${SRCDIR}/../../include
#cgo CXXFLAGS: -std=c++17 -I${SRCDIR}/../../include
#include "pool.h"
*/
import "C"

import "github.com/cgo-guard/cgo_guard/cgoguard"

// render renders the pages from first to last on C++ threads and returns how many of them were done.
func render(first, last int) (rendered int, err error) {
	var n C.int32_t
	err = cgoguard.Err(C.pool_render(C.int32_t(first), C.int32_t(last), &n))
	return int(n), err
}

// checkShelves starts a check that goes on in the background.
func checkShelves(shelves int) error { return cgoguard.Err(C.pool_check_shelves(C.int32_t(shelves))) }

// receive handles messages on the thread of a foreign library and returns how many were handled.
func receive(messages int) (handled int, err error) {
	var n C.int32_t
	err = cgoguard.Err(C.pool_receive(C.int32_t(messages), &n))
	return int(n), err
}
