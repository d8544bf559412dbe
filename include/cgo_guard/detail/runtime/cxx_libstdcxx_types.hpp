// SPDX-License-Identifier: BSL-1.0
/// @file cxx_libstdcxx_types.hpp
/// libstdc++: the types of its exceptions, read without RTTI in this file. By their symbols, because `typeid` is not
/// available under -fno-rtti, and <filesystem> and <future> are large.
#ifndef CGO_GUARD_CXX_LIBSTDCXX_TYPES_HPP
#define CGO_GUARD_CXX_LIBSTDCXX_TYPES_HPP

#include <string>
#include <system_error>
#include <typeinfo>

#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::cxx {

extern const std::type_info system_error_type __asm__("_ZTISt12system_error");
/// std::string's, as type_info::name has it.
constexpr const char *string_type_name = "NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE";

// Weak: a static program that throws none has none.
extern const std::type_info filesystem_error_type __asm__("_ZTINSt10filesystem7__cxx1116filesystem_errorE")
    __attribute__((weak));
extern const std::type_info future_error_type __asm__("_ZTISt12future_error") __attribute__((weak));
/// filesystem_error::path1 and path2. A path begins with its text (fs_path.h: _M_pathname).
const std::string &path1_of(const void *error) __asm__("_ZNKSt10filesystem7__cxx1116filesystem_error5path1Ev")
    __attribute__((weak));
const std::string &path2_of(const void *error) __asm__("_ZNKSt10filesystem7__cxx1116filesystem_error5path2Ev")
    __attribute__((weak));

}  // namespace detail::cxx
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CXX_LIBSTDCXX_TYPES_HPP
