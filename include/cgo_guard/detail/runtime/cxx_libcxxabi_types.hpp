// SPDX-License-Identifier: BSL-1.0
/// @file cxx_libcxxabi_types.hpp
/// libc++: the types of its exceptions, read without RTTI in this file. By their symbols, because `typeid` is not
/// available under -fno-rtti, and <filesystem> and <future> are large.
#ifndef CGO_GUARD_CXX_LIBCXXABI_TYPES_HPP
#define CGO_GUARD_CXX_LIBCXXABI_TYPES_HPP

#include <string>
#include <system_error>
#include <typeinfo>

#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::cxx {

extern const std::type_info system_error_type __asm__("_ZTINSt3__112system_errorE");
/// std::string's, as type_info::name has it.
constexpr const char *string_type_name = "NSt3__112basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEEE";

// Weak: a static program that throws none has none.
extern const std::type_info filesystem_error_type __asm__("_ZTINSt3__14__fs10filesystem16filesystem_errorE")
    __attribute__((weak));
extern const std::type_info future_error_type __asm__("_ZTINSt3__112future_errorE") __attribute__((weak));

/// filesystem_error::path1 and path2 are inline and hidden. A filesystem_error is its base and a shared pointer, of
/// which the first half leads to the paths (filesystem_error.h: _Storage); a path is its text (path.h: __pn_).
struct filesystem_error_layout : std::system_error {
  const std::string *paths;
};
inline const std::string &path1_of(const void *error) noexcept {
  return static_cast<const filesystem_error_layout *>(error)->paths[0];
}
inline const std::string &path2_of(const void *error) noexcept {
  return static_cast<const filesystem_error_layout *>(error)->paths[1];
}

}  // namespace detail::cxx
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CXX_LIBCXXABI_TYPES_HPP
