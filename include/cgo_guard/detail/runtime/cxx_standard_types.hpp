// SPDX-License-Identifier: BSL-1.0
/// @file cxx_standard_types.hpp
/// Exceptions of the standard library that both libraries lay out alike, virtual functions included. A library that has
/// a C++ runtime for itself throws its own std::exception, which no catch clause of the program's takes; it can be read
/// all the same.
#ifndef CGO_GUARD_CXX_STANDARD_TYPES_HPP
#define CGO_GUARD_CXX_STANDARD_TYPES_HPP

#include <array>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <system_error>
#include <typeinfo>

#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::cxx {

/// The program's own, by their symbols: `typeid` is not available under -fno-rtti.
extern const std::type_info exception_type __asm__("_ZTISt9exception");
extern const std::type_info nested_exception_type __asm__("_ZTISt16nested_exception");

/// As type_info::name has them, in libstdc++ and in libc++.
using standard_names = std::array<const char *, 2>;
constexpr standard_names names_of_exception{"St9exception", "St9exception"};
constexpr standard_names names_of_system_error{"St12system_error", "NSt3__112system_errorE"};
constexpr standard_names names_of_nested_exception{"St16nested_exception", "St16nested_exception"};

/// The object that is nested in a std::nested_exception: its table of virtual functions and an exception_ptr, which is
/// one pointer to the object. Not by a copy of that one, which counts, as its own library does.
inline void *object_nested_in(const void *nested_exception) noexcept {
  static_assert(sizeof(std::nested_exception) == 2 * sizeof(void *) && sizeof(std::exception_ptr) == sizeof(void *));
  void *object = nullptr;
  std::memcpy(&object, static_cast<const char *>(nested_exception) + sizeof object, sizeof object);
  return object;
}

/// A future_error is its base and its code.
struct future_error_layout : std::logic_error {
  std::error_code code;
};
inline const std::error_code &code_of_future_error(const void *error) noexcept {
  return static_cast<const future_error_layout *>(error)->code;
}

}  // namespace detail::cxx
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CXX_STANDARD_TYPES_HPP
