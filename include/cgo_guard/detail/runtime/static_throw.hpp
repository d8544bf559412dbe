// SPDX-License-Identifier: BSL-1.0
/// @file static_throw.hpp
/// The runtime's __cxa_throw where it is linked statically. A definition that isn't weak wins over ours, if it is there
/// to win: the linker takes it from an archive only when its object file is needed for something else.
#ifndef CGO_GUARD_STATIC_THROW_HPP
#define CGO_GUARD_STATIC_THROW_HPP

#include "../../config.hpp"

#if defined(CGO_GUARD_CXX_IS_LIBSTDCXX)
#include <cxxabi.h>
#endif

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Brings in the object file that defines __cxa_throw.
inline void bring_in_cxa_throw() noexcept {
#if defined(CGO_GUARD_CXX_IS_LIBSTDCXX)
  static void *const volatile same_object_file = reinterpret_cast<void *>(&abi::__cxa_init_primary_exception);
  static_cast<void>(same_object_file);
#endif
  // libc++abi (cxa_exception.cpp) and libcxxrt (exception.cc) have it in one file with __cxa_begin_catch, which every
  // guard needs.
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_STATIC_THROW_HPP
