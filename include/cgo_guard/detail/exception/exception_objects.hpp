// SPDX-License-Identifier: BSL-1.0
/// @file exception_objects.hpp
/// The C++ runtime's exception objects and per-thread exception state, read and repaired after frames were left behind.
#ifndef CGO_GUARD_EXCEPTION_OBJECTS_HPP
#define CGO_GUARD_EXCEPTION_OBJECTS_HPP

#include <typeinfo>

#include <cxxabi.h>

#include "in_flight.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// A thrown object and its type; empty for an exception of another language.
struct exception_view {
  const std::type_info *type = nullptr;
  void *object = nullptr;
  explicit operator bool() const { return type != nullptr; }
};

inline exception_view view_of_object(void *object) noexcept {
  if (object == nullptr) return {};
  return {cxx::type_of(object), object};
}

inline exception_view view_of(_Unwind_Exception &e) noexcept { return view_of_object(cxx::object_of(e)); }

inline exception_view current_exception_view() noexcept {
  _Unwind_Exception *const top = cxx::caught_last(cxx::current_globals());
  return top != nullptr ? view_of(*top) : exception_view{};
}

/// The exception that a std::terminate is about: the one being handled, which may be one that met a noexcept, or else
/// one on its way. @param thrown that one, or nullptr
inline exception_view view_at_terminate(_Unwind_Exception *thrown) noexcept {
  const exception_view current = current_exception_view();
  return current || thrown == nullptr ? current : view_of(*thrown);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_EXCEPTION_OBJECTS_HPP
