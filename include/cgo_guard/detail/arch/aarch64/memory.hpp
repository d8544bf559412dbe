// SPDX-License-Identifier: BSL-1.0
/// @file memory.hpp
/// Pages and addresses.
#ifndef CGO_GUARD_ARCH_AARCH64_MEMORY_HPP
#define CGO_GUARD_ARCH_AARCH64_MEMORY_HPP

#include "../which.hpp"

#if defined(CGO_GUARD_ARCH_IS_AARCH64)
#include <cstddef>
#include <cstdint>

#include <sys/auxv.h>

#include "../../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

/// What the kernel maps at a time: 4, 16 or 64 KiB, as it was built. glibc and musl read it from where the kernel has
/// left it, without a lock; a process cannot see it change.
inline std::size_t page_size() noexcept { return static_cast<std::size_t>(getauxval(AT_PAGESZ)); }
constexpr std::size_t largest_page_size = 64 * 1024;

/// Whether an address can exist: user space has 48 bits, or 52 for who asks for them, and the highest byte is the
/// program's own (Documentation/arch/arm64/memory.rst and tagged-pointers.rst of Linux).
constexpr bool is_canonical(std::uintptr_t address) noexcept {
  constexpr std::uintptr_t highest_byte = std::uintptr_t{0xff} << 56;
  return (address & ~highest_byte) >> 52 == 0;
}

/// Whether an instruction can be there at all. Where not, the processor finds out only behind the jump.
constexpr bool may_hold_instruction(std::uintptr_t address) noexcept {
  return is_canonical(address) && address % 4 == 0;
}

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_IS_AARCH64

#endif  // CGO_GUARD_ARCH_AARCH64_MEMORY_HPP
