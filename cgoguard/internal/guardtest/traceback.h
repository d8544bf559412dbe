/* SPDX-License-Identifier: BSL-1.0 */
/* C++ that Go looks at from outside: traceback.cpp. */
#ifndef GUARDTEST_TRACEBACK_H
#define GUARDTEST_TRACEBACK_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Computes for that long, under no guard. */
void guardtest_compute(int32_t milliseconds);
/* Throws and catches inside a guard. */
cgo_guard_error *guardtest_throw_and_catch(uint64_t times);
/* The same function of Go from three frames of C++, under no guard. */
void guardtest_deliver(uintptr_t function);
/* Crash under no guard: in a function that no dynamic symbol names; with the frame pointer gone; through a pointer to
   nothing; in the heap; and while the dynamic linker's lock is held. */
void guardtest_crash_in_local_function(void);
void guardtest_crash_without_frame_pointer(void);
void guardtest_crash_by_call(void);
void guardtest_crash_in_malloc(void);
void guardtest_crash_under_loaders_lock(void);
/* What another package could register with Go before. */
void guardtest_other_traceback(void *argument);

#ifdef __cplusplus
}
#endif
#endif
