// SPDX-License-Identifier: BSL-1.0

package guardtest

/*
#include "exits.h"
*/
import "C"

import "github.com/cgo-guard/cgo_guard/cgoguard"

// Exit is a way to end a process.
type Exit int

const (
	PlainExit Exit = C.GUARDTEST_EXIT
	QuickExit Exit = C.GUARDTEST_QUICK_EXIT
	UpperExit Exit = C.GUARDTEST_UPPER_EXIT
	LowerExit Exit = C.GUARDTEST_LOWER_EXIT
	Errx      Exit = C.GUARDTEST_ERRX
)

// ExitUnderGuard makes a guarded call whose C++ exits. destroyed is how many of two destructors ran.
func ExitUnderGuard(how Exit, status int) (destroyed int, err error) {
	var count C.int32_t
	err = cgoguard.Err(C.guardtest_exit_under_guard(C.int32_t(how), C.int32_t(status), &count))
	return int(count), err
}

// UnguardedExit calls exit under no guard of its own.
func UnguardedExit(status int) { C.guardtest_unguarded_exit(C.int32_t(status)) }

// ExitInFork makes a guarded call whose C++ forks; the child exits with 7. status is what the parent saw.
func ExitInFork(how Exit) (status int, err error) {
	var seen C.int32_t
	err = cgoguard.Err(C.guardtest_exit_in_fork(C.int32_t(how), &seen))
	return int(seen), err
}

// PrintAtExit makes C print a line when the process exits by itself.
func PrintAtExit() { C.guardtest_print_at_exit() }
