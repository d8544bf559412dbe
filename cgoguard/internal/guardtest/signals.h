/* SPDX-License-Identifier: BSL-1.0 */
/* What C does with the signals of a thread: signals.cpp. */
#ifndef GUARDTEST_SIGNALS_H
#define GUARDTEST_SIGNALS_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Gives the thread an alternate signal stack of 8 KiB above a page that can't be touched, faults under a guard, calls
   the Go function and passes what it reports to check(), faults under a guard, and puts the thread's own stack back. */
cgo_guard_error *guardtest_small_signal_stack(uintptr_t function);

/* A handler of the program's interrupts a guarded block, with all signals blocked but SIGSEGV, and faults at `token`.
 */
cgo_guard_error *guardtest_fault_in_handler(uint64_t token);

#ifdef __cplusplus
}
#endif

#endif
