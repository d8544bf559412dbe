// SPDX-License-Identifier: BSL-1.0

package guardtest

/*
#include <stdint.h>
#include <cgo_guard.h>
int32_t guardtest_swallowed_on_a_bare_thread(void);
cgo_guard_error *guardtest_illegal(void);
*/
import "C"

import "github.com/cgo-guard/cgo_guard/cgoguard"

// EarlyHandlerVariable names the environment variable that makes a C++ constructor take SIGILL before Go does.
const EarlyHandlerVariable = "CGOGUARD_TEST_EARLY_HANDLER"

// SwallowedOnABareThread sends SIGILL to a C++ thread, and returns how many the early handler has swallowed.
func SwallowedOnABareThread() int { return int(C.guardtest_swallowed_on_a_bare_thread()) }

// IllegalInstruction makes a guarded call that ends in a trap instruction.
func IllegalInstruction() error { return cgoguard.Err(C.guardtest_illegal()) }
