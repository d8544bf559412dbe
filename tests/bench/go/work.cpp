// SPDX-License-Identifier: BSL-1.0
// Calls that succeed, and the clock.
#include <ctime>

#include <cgo_guard.h>

#include "work.h"

extern "C" {

uint64_t bench_thread_time() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
}

cgo_guard_error *bench_bare_call() { return nullptr; }

cgo_guard_error *bench_guarded_call() { return CGO_GUARD{}; }

cgo_guard_error *bench_guarded_fault() {
  return CGO_GUARD { bench_fault(); };
}

}  // extern "C"
