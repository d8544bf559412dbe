/* SPDX-License-Identifier: BSL-1.0 */
/* Threads that C++ starts: threads.cpp. */
#ifndef GUARDTEST_THREADS_H
#define GUARDTEST_THREADS_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a thread ends. */
enum guardtest_thread_end {
  GUARDTEST_THREAD_RETURNS = 0,
  GUARDTEST_THREAD_THROWS = 1,   /* std::runtime_error("token <token>") */
  GUARDTEST_THREAD_FAULTS = 2,   /* writes at the address token */
  GUARDTEST_THREAD_OVERFLOWS = 3 /* its stack */
};

/* A cgo_guard::thread that is joined under a guard. */
cgo_guard_error *guardtest_join_thread(int32_t end, uint64_t token);
/* Starts detached threads, each of which fails `failures` times under enter_thread and then once more, uncaught. Their
   tokens are 16, 32, 48, … and thereby addresses that are not mapped. Returns at once. */
cgo_guard_error *guardtest_detach_threads(uint32_t threads, uint32_t failures);
/* A cgo_guard::thread that passes what the Go function reports to check(), and is joined or detached. */
cgo_guard_error *guardtest_thread_calls_go(uintptr_t function, int32_t detached);
/* A std::thread, joined, without a guard. */
void guardtest_bare_thread(int32_t end);

/* Starts pthreads that each do: a guard that fails, a callback into Go, a guard that fails, the end. */
cgo_guard_error *guardtest_start_pthreads(uint32_t threads, int32_t prepared, int32_t detached, uintptr_t function);
/* How many of those have ended since the start of the program, and how many times something was not as it should be. */
uint64_t guardtest_pthreads_ended(void);
uint64_t guardtest_pthreads_wrong(void);

#ifdef __cplusplus
}
#endif
#endif
