// SPDX-License-Identifier: BSL-1.0

package guardtest

/*
#include "signals.h"
*/
import "C"

import (
	"runtime/cgo"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// OnSmallSignalStack makes a guarded call during which the thread has an alternate signal stack of 8 KiB. It faults under
// a guard before and after it calls body in Go.
func OnSmallSignalStack(body func() error) error {
	handle := cgo.NewHandle(body)
	defer handle.Delete()
	return cgoguard.Err(C.guardtest_small_signal_stack(C.uintptr_t(handle)))
}

// FaultInHandler makes a guarded call that a signal handler of the program's interrupts, which faults at the address
// token. It blocks all signals but SIGSEGV.
func FaultInHandler(token uint64) error {
	return cgoguard.Err(C.guardtest_fault_in_handler(C.uint64_t(token)))
}
