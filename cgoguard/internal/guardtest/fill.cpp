// SPDX-License-Identifier: BSL-1.0
// C++ that works in memory of Go's while Go collects garbage.
#include "opaque.hpp"

extern "C" cgo_guard_error *guardtest_fill(uint8_t *buffer, uint64_t size, uint64_t rounds, int32_t fails) {
  return CGO_GUARD {
    for (uint64_t round = 1; round <= rounds; round++) {
      for (uint64_t i = 0; i < size; i++) buffer[i] = static_cast<uint8_t>(round + i);
      guardtest::opaque(buffer);
    }
    if (fails) *static_cast<volatile uint64_t *>(guardtest::null_plus(0x40)) = 1;
  };
}
