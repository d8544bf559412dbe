// SPDX-License-Identifier: BSL-1.0
/// @file thread.hpp
/// The thread pointer, and where thread-local variables are from there.
#ifndef CGO_GUARD_ARCH_AARCH64_THREAD_HPP
#define CGO_GUARD_ARCH_AARCH64_THREAD_HPP

#include "../which.hpp"

#if defined(CGO_GUARD_ARCH_IS_AARCH64)
#include <cstdint>

#include "../../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

inline std::uintptr_t thread_pointer() noexcept {
  std::uintptr_t result;
  __asm__("mrs %0,tpidr_el0" : "=r"(result));
  return result;
}

/// How far a thread-local variable that was there from the start is from the thread pointer: they are above it
/// (variant 1 of ELF Handling for Thread-Local Storage). And back.
inline std::uintptr_t distance_from_thread_pointer(std::uintptr_t variable) noexcept {
  return variable - thread_pointer();
}
inline std::uintptr_t at_distance_from_thread_pointer(std::uintptr_t distance) noexcept {
  return thread_pointer() + distance;
}

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_IS_AARCH64

#endif  // CGO_GUARD_ARCH_AARCH64_THREAD_HPP
