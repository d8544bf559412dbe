// SPDX-License-Identifier: BSL-1.0
/// @file exception_state.hpp
/// The exception that destructors get to see after a failure that is none.
#ifndef CGO_GUARD_EXCEPTION_STATE_HPP
#define CGO_GUARD_EXCEPTION_STATE_HPP

#include <cstddef>
#include <cstdint>

#include <unwind.h>

#include "cxx.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// "CGOGUARD": not the C++ class, so that typed handlers never match and the C++ runtime treats it as foreign.
constexpr _Unwind_Exception_Class forced_class = 0x43474f4755415244;

/// What landing pads get to see after a failure that is no exception. Frozen, because of several copies of this header
/// one has the __cxa_begin_catch for all of them (interpose.hpp).
struct forced_exception {
  _Unwind_Exception unwind;
  std::uint32_t uncaught_outside;  ///< std::uncaught_exceptions() when the guard was entered, or uncaught_unknown
};
static_assert(offsetof(forced_exception, uncaught_outside) == 32, "right behind the exception");

/// Of a guard that has failed and has not asked the C++ runtime yet.
constexpr std::uint32_t uncaught_unknown = ~std::uint32_t{0};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_EXCEPTION_STATE_HPP
