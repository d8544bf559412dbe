// SPDX-License-Identifier: BSL-1.0
/// @file boost_exception.hpp
/// Opt-in: what a boost::exception carries, as fields of the error. Including it in one file of the program is enough.
///
/// Not part of the umbrella, because it needs Boost (headers only). Fields: throw_function, throw_file, throw_line, and
/// one for each error_info under the name of its tag. An errinfo_errno is the error's number. The name is the type that
/// was thrown, without Boost's wrappers around it.
#ifndef CGO_GUARD_BOOST_EXCEPTION_HPP
#define CGO_GUARD_BOOST_EXCEPTION_HPP

#include <cstdlib>
#include <string>
#include <string_view>
#include <typeinfo>

#include <cxxabi.h>
#include <boost/exception/diagnostic_information.hpp>
#include <boost/exception/errinfo_errno.hpp>
#include <boost/exception/exception.hpp>
#include <boost/exception/get_error_info.hpp>

#include "translator.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// The type in wrapexcept<T>, clone_impl<error_info_injector<T>> and their like.
inline std::string without_boost_wrappers(std::string_view name) {
  for (bool found = true; found;) {
    found = false;
    for (const std::string_view wrapper :
         {"boost::wrapexcept<", "boost::exception_detail::clone_impl<", "boost::exception_detail::error_info_injector<",
          "boost::exception_detail::current_exception_std_exception_wrapper<", CGO_GUARD_CXX_NESTED_WRAPPERS}) {
      if (name.substr(0, wrapper.size()) != wrapper || name.back() != '>') continue;
      name.remove_prefix(wrapper.size());
      name.remove_suffix(1);
      while (!name.empty() && name.back() == ' ') name.remove_suffix(1);  // "> >", as a nested template ends
      found = true;
    }
  }
  return std::string(name);
}

/// Boost hands out what was attached as text only: lines of "[tag*] = value". A value may have more lines; one that
/// itself looks like such a line becomes a field of its own.
inline void translate_error_infos(std::string_view text, translation &to) {
  std::string key, value;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::size_t separator = line.substr(0, 1) == "[" ? line.find("*] = ") : std::string_view::npos;
    if (separator != std::string_view::npos) {
      if (!key.empty()) to.field(key, value);
      key = line.substr(1, separator - 1);
      value = line.substr(separator + 5);
    } else if (!key.empty()) {
      value.append("\n").append(line);
    }
  }
  if (!key.empty()) to.field(key, value);
}

inline void translate_boost_exception(const boost::exception &e, translation &to) {
  int status = 0;
  if (char *const name = abi::__cxa_demangle(typeid(e).name(), nullptr, nullptr, &status)) {
    to.name(without_boost_wrappers(name));
    std::free(name);
  }
  if (const char *const *function = boost::get_error_info<boost::throw_function>(e))
    to.field("throw_function", *function);
  if (const char *const *file = boost::get_error_info<boost::throw_file>(e)) to.field("throw_file", *file);
  if (const int *line = boost::get_error_info<boost::throw_line>(e)) to.field("throw_line", *line);
  if (const int *number = boost::get_error_info<boost::errinfo_errno>(e)) to.number(*number).category("generic");
  translate_error_infos(boost::diagnostic_information(e), to);
}

/// Registered by being included: whoever includes this wants it.
inline const translator<boost::exception> boost_exceptions(&translate_boost_exception);

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_BOOST_EXCEPTION_HPP
