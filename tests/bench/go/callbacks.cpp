// SPDX-License-Identifier: BSL-1.0
// Calls that call back into Go, once each.
#include <cgo_guard.h>

#include "work.h"

extern "C" {

void bench_go_bare(void);
void *bench_go_callback(void);
void *bench_go_failing_callback(void);
void *bench_go_panicking_callback(void);

cgo_guard_error *bench_bare_callback() {
  bench_go_bare();
  return nullptr;
}

cgo_guard_error *bench_guarded_callback() {
  return CGO_GUARD { cgo_guard::check(bench_go_callback()); };
}

cgo_guard_error *bench_failing_callback() {
  return CGO_GUARD { cgo_guard::check(bench_go_failing_callback()); };
}

cgo_guard_error *bench_panicking_callback() {
  return CGO_GUARD { cgo_guard::check(bench_go_panicking_callback()); };
}

}  // extern "C"
