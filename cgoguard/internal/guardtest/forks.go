// SPDX-License-Identifier: BSL-1.0

package guardtest

/*
#include "forks.h"
*/
import "C"

import (
	"syscall"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// ForkedChild is what the child of a fork does.
type ForkedChild int

const (
	ChildExits    ForkedChild = C.GUARDTEST_CHILD_EXITS
	ChildCrashes  ForkedChild = C.GUARDTEST_CHILD_CRASHES
	ChildAborts   ForkedChild = C.GUARDTEST_CHILD_ABORTS
	ChildThrows   ForkedChild = C.GUARDTEST_CHILD_THROWS
	ChildOwnGuard ForkedChild = C.GUARDTEST_CHILD_OWN_GUARD
)

// Fork makes a guarded call that forks, and returns how the child ended.
func Fork(child ForkedChild) (syscall.WaitStatus, error) {
	var status C.int32_t
	err := cgoguard.Err(C.guardtest_fork(C.int32_t(child), &status))
	return syscall.WaitStatus(status), err
}

// Vfork is Fork with vfork.
func Vfork(child ForkedChild) (syscall.WaitStatus, error) {
	var status C.int32_t
	err := cgoguard.Err(C.guardtest_vfork(C.int32_t(child), &status))
	return syscall.WaitStatus(status), err
}
