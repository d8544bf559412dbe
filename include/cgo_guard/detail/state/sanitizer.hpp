// SPDX-License-Identifier: BSL-1.0
/// @file sanitizer.hpp
/// The sanitizers: which of them a file is compiled for, and what AddressSanitizer has to be told about frames that are
/// left other than by returning.
#ifndef CGO_GUARD_SANITIZER_HPP
#define CGO_GUARD_SANITIZER_HPP

#include <cstddef>
#include <cstdint>

#include "left_stacks.hpp"

// Which functions of libc they have of their own, and have to be the first for: then ours stay away.
#if defined(__has_feature)  // clang
#define CGO_GUARD_FEATURE(x) __has_feature(x)
#else
#define CGO_GUARD_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || CGO_GUARD_FEATURE(address_sanitizer)
#define CGO_GUARD_HAS_ASAN 1  ///< __cxa_throw, besides what all of them have
#else
#define CGO_GUARD_HAS_ASAN 0
#endif
#if CGO_GUARD_HAS_ASAN || defined(__SANITIZE_THREAD__) || CGO_GUARD_FEATURE(thread_sanitizer) || \
    CGO_GUARD_FEATURE(memory_sanitizer)
#define CGO_GUARD_HAS_SANITIZER 1  ///< exit, in which they report; sigaction
#else
#define CGO_GUARD_HAS_SANITIZER 0
#endif

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
