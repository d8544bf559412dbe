// SPDX-License-Identifier: BSL-1.0
// What is measured, and what it is measured against. Both benchmark programs compile the same files; they lie here
// because cgo compiles those of its own directory only.
#ifndef CGO_GUARD_BENCH_WORK_H
#define CGO_GUARD_BENCH_WORK_H

#include <cgo_guard/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

// The processor time of the calling thread, in nanoseconds: what other programs do on the machine is not in it.
uint64_t bench_thread_time(void);

// work.cpp: calls that succeed. The two have the same signature, so that they cost cgo the same.
void bench_work(void);
cgo_guard_error *bench_bare_call(void);
cgo_guard_error *bench_guarded_call(void);

// callbacks.cpp: calls with one callback into Go.
cgo_guard_error *bench_bare_callback(void);
cgo_guard_error *bench_guarded_callback(void);
cgo_guard_error *bench_failing_callback(void);
cgo_guard_error *bench_panicking_callback(void);

// bare_fault.c: what a fault costs whoever wants no more than to survive it: sigsetjmp with the signal mask, a signal
// handler on the alternate stack, siglongjmp. The handler that was there is put back at the end.
void bench_fault(void);
void bench_bare_faults(uint64_t times);
cgo_guard_error *bench_guarded_fault(void);

// deep_throw.cpp: an exception that passes `depth` frames. Plain means caught by type, and thrown by libstdc++'s own
// __cxa_throw: a program that includes cgo_guard.h has another.
void bench_plain_throws(int32_t depth, uint64_t times);
void bench_caught_throws(int32_t depth, uint64_t times);
cgo_guard_error *bench_caught_throws_in_guard(int32_t depth, uint64_t times);
cgo_guard_error *bench_guarded_throw(int32_t depth);

// many_frames.cpp: an exception under 25 functions that are all different, in one of two sets of them.
cgo_guard_error *bench_many_frames(int32_t set);

#ifdef __cplusplus
}
#endif
#endif  // CGO_GUARD_BENCH_WORK_H
