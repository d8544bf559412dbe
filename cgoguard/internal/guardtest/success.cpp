// SPDX-License-Identifier: BSL-1.0
#include <stdexcept>

#include "opaque.hpp"

extern "C" cgo_guard_error *guardtest_success(uint64_t token, uint64_t *out) {
  return CGO_GUARD { *out = guardtest::opaque(token); };
}

extern "C" uint64_t guardtest_value(uint64_t token, int32_t fails, cgo_guard_error **error) {
  return CGO_GUARD_VALUE(error) {
    if (fails) throw std::runtime_error(guardtest::token_text(token));
    return token;
  };
}
