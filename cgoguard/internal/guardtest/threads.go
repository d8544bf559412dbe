// SPDX-License-Identifier: BSL-1.0

package guardtest

/*
#include "threads.h"
*/
import "C"

import (
	"runtime/cgo"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// ThreadEnd is how a C++ thread ends.
type ThreadEnd int

const (
	ThreadReturns   ThreadEnd = C.GUARDTEST_THREAD_RETURNS
	ThreadThrows    ThreadEnd = C.GUARDTEST_THREAD_THROWS
	ThreadFaults    ThreadEnd = C.GUARDTEST_THREAD_FAULTS
	ThreadOverflows ThreadEnd = C.GUARDTEST_THREAD_OVERFLOWS
)

// JoinThread makes a guarded call that starts a cgo_guard::thread and joins it.
func JoinThread(end ThreadEnd, token uint64) error {
	return cgoguard.Err(C.guardtest_join_thread(C.int32_t(end), C.uint64_t(token)))
}

// DetachThreads starts threads that fail failures+1 times each, with the tokens 16, 32, 48 and so on: every other one
// throws "token <token>", the rest write at that address. It doesn't wait for them.
func DetachThreads(threads, failures int) error {
	return cgoguard.Err(C.guardtest_detach_threads(C.uint32_t(threads), C.uint32_t(failures)))
}

// ThreadCallsGo makes a guarded call whose C++ starts a thread that calls body through Callback and check.
func ThreadCallsGo(body func() error, detached bool) error {
	handle := cgo.NewHandle(body) // a detached thread may use it at any time, so it is never deleted
	return cgoguard.Err(C.guardtest_thread_calls_go(C.uintptr_t(handle), flag(detached)))
}

// BareThread starts a std::thread that no guard protects, and waits for it.
func BareThread(end ThreadEnd) { C.guardtest_bare_thread(C.int32_t(end)) }

// StartPthreads starts threads that each fault under a guard, call body in Go, fault under a guard again and end. It
// waits for them unless they are detached.
func StartPthreads(threads int, prepared, detached bool, body func() error) error {
	handle := cgo.NewHandle(body)
	return cgoguard.Err(C.guardtest_start_pthreads(C.uint32_t(threads), flag(prepared), flag(detached), C.uintptr_t(handle)))
}

// PthreadsEnded is how many of those have come to their end, and wrong how often one met something unexpected.
func PthreadsEnded() (ended, wrong int) {
	return int(C.guardtest_pthreads_ended()), int(C.guardtest_pthreads_wrong())
}
