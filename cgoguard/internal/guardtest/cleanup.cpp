// SPDX-License-Identifier: BSL-1.0
// A destructor between the fault and the guard, in a frame that has a call.
#include <mutex>

#include "opaque.hpp"

namespace guardtest {

std::mutex ledger;

__attribute__((noinline)) void write_entry(uint64_t token) { *static_cast<volatile uint64_t *>(null_plus(token)) = 1; }

}  // namespace guardtest

extern "C" cgo_guard_error *guardtest_fault_under_lock(uint64_t token) {
  return CGO_GUARD {
    std::lock_guard<std::mutex> lock(guardtest::ledger);
    guardtest::opaque (&guardtest::write_entry)(token);
  };
}

extern "C" int32_t guardtest_lock_is_free(void) {
  if (!guardtest::ledger.try_lock()) return 0;
  guardtest::ledger.unlock();
  return 1;
}
