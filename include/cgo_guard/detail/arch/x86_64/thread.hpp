// SPDX-License-Identifier: BSL-1.0
/// @file thread.hpp
/// The thread pointer.
#ifndef CGO_GUARD_ARCH_X86_64_THREAD_HPP
#define CGO_GUARD_ARCH_X86_64_THREAD_HPP

#include <cstdint>

#include "../../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

/// The thread pointer. glibc puts the thread's control block at the top of the stacks it allocates.
inline std::uintptr_t thread_pointer() noexcept {
  std::uintptr_t result;
  __asm__("movq %%fs:0,%0" : "=r"(result));
  return result;
}

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_X86_64_THREAD_HPP
