// SPDX-License-Identifier: BSL-1.0
/// @file place_of_address.hpp
/// An address as a place in a table.
#ifndef CGO_GUARD_PLACE_OF_ADDRESS_HPP
#define CGO_GUARD_PLACE_OF_ADDRESS_HPP

#include <cstddef>
#include <cstdint>

#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Spreads what differs in a few bits, wherever they are: threads that do the same have their objects at the same
/// offset in malloc's arenas, which are 64 MiB apart. By the golden ratio (D. Knuth, TAOCP 3, 6.4).
/// @tparam size a power of two.
template <std::size_t size>
std::size_t place_of_address(const void *address) noexcept {
  static_assert(size > 1 && (size & (size - 1)) == 0, "a power of two");
  const std::uint64_t product = reinterpret_cast<std::uintptr_t>(address) * UINT64_C(0x9e3779b97f4a7c15);
  return static_cast<std::size_t>(product >> 32) % size;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_PLACE_OF_ADDRESS_HPP
