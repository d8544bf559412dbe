// SPDX-License-Identifier: BSL-1.0
// A value that the optimizer cannot see through. Without it a compiler may prove a fault, call it undefined behaviour,
// and compile something else.
#ifndef GUARDTEST_OPAQUE_HPP
#define GUARDTEST_OPAQUE_HPP

#include <string>

#include "guardtest.h"

namespace guardtest {

template <class T>
T opaque(T value) {
  asm volatile("" : "+r"(value) : : "memory");
  return value;
}

inline std::string token_text(uint64_t token) { return "token " + std::to_string(token); }

/// Not even a wrong address should be mapped: all of these lie in the first page.
inline uint64_t *null_plus(uint64_t token) { return opaque(reinterpret_cast<uint64_t *>(token & 0xff0)); }

}  // namespace guardtest
#endif  // GUARDTEST_OPAQUE_HPP
