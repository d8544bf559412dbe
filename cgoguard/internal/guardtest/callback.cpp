// SPDX-License-Identifier: BSL-1.0
// C++ that calls back into Go from inside a guard.
#include "opaque.hpp"

extern "C" void guardtest_go_function(uintptr_t function);

extern "C" cgo_guard_error *guardtest_call_go(uintptr_t function, int32_t fails_after, int32_t *went_on) {
  return CGO_GUARD {
    guardtest_go_function(function);
    *went_on = 1;
    if (fails_after) *static_cast<volatile uint64_t *>(guardtest::null_plus(0x80)) = 1;
  };
}
