// SPDX-License-Identifier: BSL-1.0
/// @file cxx_libstdcxx.hpp
/// libstdc++: its functions whose names mean something.
#ifndef CGO_GUARD_CXX_LIBSTDCXX_HPP
#define CGO_GUARD_CXX_LIBSTDCXX_HPP

#include <cstdio>
#include <typeinfo>

#include "cxx_exceptions.hpp"

extern "C" int __gxx_personality_v0(...);

// The function behind operator[] and its like with -D_GLIBCXX_ASSERTIONS (GCC 12 and newer), which says what has failed
// and aborts: std::__glibcxx_assert_fail(const char *file, int line, const char *function, const char *condition). By
// its symbol, because <bits/c++config.h> declares it only for some settings. A library without one doesn't define this.
#define CGO_GUARD_CXX_CHECK "_ZSt21__glibcxx_assert_failPKciS0_S0_"
#define CGO_GUARD_CXX_CHECK_PARAMETERS const char *file, int line, const char *function, const char *condition
#define CGO_GUARD_CXX_CHECK_ARGUMENTS file, line, function, condition
#define CGO_GUARD_CXX_CHECK_TEXT(text)                                                                      \
  std::snprintf(text, sizeof text, "%s:%d: %s: Assertion '%s' failed.", file != nullptr ? file : "?", line, \
                function != nullptr ? function : "?", condition != nullptr ? condition : "?")

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::cxx {

constexpr const char *check_readable_name = "std::__glibcxx_assert_fail(char const*, int, char const*, char const*)";
constexpr const char *rethrow_exception_name = "_ZSt17rethrow_exceptionNSt15__exception_ptr13exception_ptrE";

/// The type by which libraries recognise an unwind that they may not swallow. Looked up by name because <cxxabi.h>
/// declares it only with RTTI on. Weak where a library has none.
extern const char forced_unwind_type_info[] __asm__("_ZTIN10__cxxabiv115__forced_unwindE");

}  // namespace detail::cxx
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CXX_LIBSTDCXX_HPP
