// SPDX-License-Identifier: BSL-1.0
/// @file cxx_libcxxabi.hpp
/// libc++ and libc++abi: their functions whose names mean something.
#ifndef CGO_GUARD_CXX_LIBCXXABI_HPP
#define CGO_GUARD_CXX_LIBCXXABI_HPP

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <typeinfo>

#include "cxx_exceptions.hpp"

extern "C" int __gxx_personality_v0(...);

// The function behind operator[] and its like where libc++ is asked to check. Since LLVM 15 there is one for all of
// libc++, std::__libcpp_verbose_abort(const char *format, ...); before, std::__libcpp_abort_debug_function, to which
// the pointer std::__libcpp_debug_function leads at first.
#if _LIBCPP_VERSION >= 15000
#define CGO_GUARD_CXX_CHECK "_ZNSt3__122__libcpp_verbose_abortEPKcz"
#define CGO_GUARD_CXX_CHECK_PARAMETERS const char *format, ...
#define CGO_GUARD_CXX_CHECK_ARGUMENTS "%s", text
#define CGO_GUARD_CXX_CHECK_TEXT(text)                  \
  std::va_list arguments;                               \
  va_start(arguments, format);                          \
  std::vsnprintf(text, sizeof text, format, arguments); \
  va_end(arguments)
#else
#define CGO_GUARD_CXX_CHECK "_ZNSt3__129__libcpp_abort_debug_functionERKNS_19__libcpp_debug_infoE"
#define CGO_GUARD_CXX_CHECK_PARAMETERS const cgo_guard::detail::cxx::failed_check &failed
#define CGO_GUARD_CXX_CHECK_ARGUMENTS failed
#define CGO_GUARD_CXX_CHECK_TEXT(text)                                                                             \
  std::snprintf(text, sizeof text, "%s:%d: assertion '%s' failed: %s", failed.file, failed.line, failed.condition, \
                failed.message)
#endif

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::cxx {

#if _LIBCPP_VERSION >= 15000
constexpr const char *check_readable_name = "std::__libcpp_verbose_abort(char const*, ...)";
#else
constexpr const char *check_readable_name = "std::__libcpp_abort_debug_function(std::__libcpp_debug_info const&)";
/// __libcpp_debug_info (__debug).
struct failed_check {
  const char *file;
  int line;
  const char *condition, *message;
};
#endif
constexpr const char *rethrow_exception_name = "_ZSt17rethrow_exceptionSt13exception_ptr";

/// The type by which libraries recognise an unwind that they may not swallow. libc++abi has none, but a process that
/// also holds libstdc++ may.
extern const char forced_unwind_type_info[] __asm__("_ZTIN10__cxxabiv115__forced_unwindE") __attribute__((weak));

}  // namespace detail::cxx
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CXX_LIBCXXABI_HPP
