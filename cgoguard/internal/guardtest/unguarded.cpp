// SPDX-License-Identifier: BSL-1.0
// What no guard of its own protects, and a guard that is busy.
#include <csignal>
#include <cstdlib>

#include "processor.hpp"

extern "C" void guardtest_unguarded_crash(void) { *static_cast<volatile uint64_t *>(guardtest::null_plus(0x40)) = 1; }

namespace guardtest {
void read_name();  // aborts.cpp
}
extern "C" void guardtest_unguarded_overrun(void) {
  guardtest::read_name();
  guardtest::opaque(0);
}

extern "C" cgo_guard_error *guardtest_spin(volatile int32_t *started) {
  return CGO_GUARD {
    *started = 1;
    for (;;) guardtest::relax();
  };
}

/// A guard in a constructor of the program, before the Go runtime has started.
static int32_t before_main() {
  cgo_guard_error *const error = CGO_GUARD { *static_cast<volatile uint64_t *>(guardtest::null_plus(0x30)) = 1; };
  const int32_t number = error != nullptr ? error->number : 0;
  cgo_guard_free(error);
  return number;
}
static const int32_t signal_before_main = before_main();
extern "C" int32_t guardtest_signal_before_main(void) { return signal_before_main; }
