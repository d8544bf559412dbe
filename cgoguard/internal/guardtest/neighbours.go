// SPDX-License-Identifier: BSL-1.0

package guardtest

/*
#include <stdint.h>
#include <cgo_guard.h>
void guardtest_handler_comes_and_goes(void);
void guardtest_install_barrier(void);
int32_t guardtest_tracked_write(void);
cgo_guard_error *guardtest_guarded_tracked_write(int32_t *count);
*/
import "C"

import "github.com/cgo-guard/cgo_guard/cgoguard"

// HandlerComesAndGoes lets a library take SIGSEGV and give it back, with a guard in between.
func HandlerComesAndGoes() { C.guardtest_handler_comes_and_goes() }

// EarlyBarrierVariable names the environment variable that makes a C++ constructor install the write barrier before Go
// takes its signals.
const EarlyBarrierVariable = "CGOGUARD_TEST_EARLY_BARRIER"

// InstallBarrier installs the handler of a runtime that works by faults.
func InstallBarrier() { C.guardtest_install_barrier() }

// TrackedWrite writes to a page whose writes that runtime sees, under no guard, and returns how many it has seen.
func TrackedWrite() int { return int(C.guardtest_tracked_write()) }

// GuardedTrackedWrite is TrackedWrite under a guard.
func GuardedTrackedWrite() (int, error) {
	var count C.int32_t
	err := cgoguard.Err(C.guardtest_guarded_tracked_write(&count))
	return int(count), err
}
