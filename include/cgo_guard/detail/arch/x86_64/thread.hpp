// SPDX-License-Identifier: BSL-1.0
/// @file thread.hpp
/// The thread pointer, and where thread-local variables are from there.
#ifndef CGO_GUARD_ARCH_X86_64_THREAD_HPP
#define CGO_GUARD_ARCH_X86_64_THREAD_HPP

#include "../which.hpp"

#if defined(CGO_GUARD_ARCH_IS_X86_64)
#include <cstdint>

#include "../../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

/// The block of the thread begins with its own address (ABI, thread-local storage).
inline std::uintptr_t thread_pointer() noexcept {
  std::uintptr_t result;
  __asm__("movq %%fs:0,%0" : "=r"(result));
  return result;
}

/// How far a thread-local variable that was there from the start is from the thread pointer: they are below it. And
/// back.
inline std::uintptr_t distance_from_thread_pointer(std::uintptr_t variable) noexcept {
  return thread_pointer() - variable;
}
inline std::uintptr_t at_distance_from_thread_pointer(std::uintptr_t distance) noexcept {
  return thread_pointer() - distance;
}

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_IS_X86_64

#endif  // CGO_GUARD_ARCH_X86_64_THREAD_HPP
