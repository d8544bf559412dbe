// SPDX-License-Identifier: BSL-1.0
/// @file sanitizer.hpp
/// What the sanitizers do about faults, and what AddressSanitizer has to be told about frames that are left other than
/// by returning.
#ifndef CGO_GUARD_SANITIZER_HPP
#define CGO_GUARD_SANITIZER_HPP

#include <cstddef>
#include <cstdint>

#include "compiled_for.hpp"
#include "left_stacks.hpp"

// There in a program that is linked with it, whether or not this file is instrumented.
extern "C" void __asan_unpoison_memory_region(const volatile void *address, std::size_t size) __attribute__((weak));

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Whether a sanitizer has handlers for faults, which report and end the process. Asked at run time too: `go test
/// -asan` links AddressSanitizer, but compiles only C with it, and not C++.
inline bool sanitizer_takes_faults() noexcept {
  return CGO_GUARD_HAS_SANITIZER != 0 || &__asan_unpoison_memory_region != nullptr;
}

/// Its instrumentation marks the gaps between a function's locals as not to be touched, until the function returns.
/// What is left here never does, and later frames in the same place would be reported. It writes shadow memory and does
/// nothing else, so the signal handler may call it; and must, because the destructors that come next run in that place.
inline void forget_frames(const left_stacks &left) noexcept {
  if (&__asan_unpoison_memory_region == nullptr) return;
  for (int i = 0; i < left.count; ++i) {
    const std::uintptr_t low = left.parts[i].low - arch::red_zone;
    if (low < left.parts[i].high) {
      __asan_unpoison_memory_region(reinterpret_cast<const void *>(low), left.parts[i].high - low);
    }
  }
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_SANITIZER_HPP
