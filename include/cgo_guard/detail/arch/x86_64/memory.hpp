// SPDX-License-Identifier: BSL-1.0
/// @file memory.hpp
/// Pages and addresses.
#ifndef CGO_GUARD_ARCH_X86_64_MEMORY_HPP
#define CGO_GUARD_ARCH_X86_64_MEMORY_HPP

#include <cstddef>
#include <cstdint>

#include "../../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

/// What the kernel maps at a time. Other processors have kernels of several sizes: then only the largest is a constant.
constexpr std::size_t page_size() noexcept { return 4096; }
constexpr std::size_t largest_page_size = page_size();

/// Whether an address can exist. In 48 bits, of which the processor extends the last. Where it knows 57, an address of
/// user space is canonical in these too, for all that Linux gives out without being asked for more.
constexpr bool is_canonical(std::uintptr_t address) noexcept { return address >> 47 == 0 || address >> 47 == 0x1ffff; }

/// Whether an instruction can be there at all. Where not, the processor may find out only behind the jump.
constexpr bool may_hold_instruction(std::uintptr_t address) noexcept { return is_canonical(address); }

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_X86_64_MEMORY_HPP
