// SPDX-License-Identifier: BSL-1.0

package guardtest

/*
#include "guardtest.h"
*/
import "C"

import "github.com/cgo-guard/cgo_guard/cgoguard"

// UnguardedCrash faults in C++ that stands under no guard of its own.
func UnguardedCrash() { C.guardtest_unguarded_crash() }

// UnguardedOverrun overflows a buffer on the stack, under no guard of its own.
func UnguardedOverrun() { C.guardtest_unguarded_overrun() }

// Spin never returns from its guarded block. started becomes 1 when it has begun.
func Spin(started *int32) error {
	return cgoguard.Err(C.guardtest_spin((*C.int32_t)(started)))
}

// SignalBeforeMain is the signal that a guard recovered from in a C++ constructor, before the Go runtime started.
func SignalBeforeMain() int { return int(C.guardtest_signal_before_main()) }
