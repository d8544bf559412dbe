// SPDX-License-Identifier: BSL-1.0

// Package tbb is oneTBB's parallel_for behind guards, for the tests beside it.
package tbb

/*
#cgo CFLAGS: -I${SRCDIR}/../../../include
#cgo CXXFLAGS: -std=c++17 -I${SRCDIR}/../../../include
#cgo LDFLAGS: -ltbb
#include "loops.h"
*/
import "C"

import "github.com/cgo-guard/cgo_guard/cgoguard"

// Failure is how a body fails, Thread on which thread, and Guard what is around it.
type (
	Failure int
	Thread  int
	Guard   int
)

const (
	Succeeds Failure = C.PEERS_SUCCEEDS
	Throws   Failure = C.PEERS_THROWS
	Faults   Failure = C.PEERS_FAULTS

	Caller Thread = C.PEERS_CALLER
	Worker Thread = C.PEERS_WORKER

	Bare    Guard = C.PEERS_BARE
	Entered Guard = C.PEERS_ENTERED
	Checked Guard = C.PEERS_CHECKED
)

// Loop runs a parallel_for one of whose bodies fails, and returns how many came to their end.
func Loop(how Failure, where Thread, around Guard, rounds int) (done int, err error) {
	var n C.uint64_t
	err = cgoguard.Err(C.peers_loop(C.int32_t(how), C.int32_t(where), C.int32_t(around), C.uint64_t(rounds), &n))
	return int(n), err
}
