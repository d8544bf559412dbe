// SPDX-License-Identifier: BSL-1.0
/// @file cxx_runtime.hpp
/// What the tests expect of libstdc++ and of libc++ with libc++abi where the two differ.
#ifndef CGO_GUARD_TESTS_UNIT_CXX_RUNTIME_HPP
#define CGO_GUARD_TESTS_UNIT_CXX_RUNTIME_HPP

#include <cstddef>

#include <dlfcn.h>
#include <unwind.h>

namespace cxx_runtime {

#if defined(_LIBCPP_VERSION)
/// Whether there is a type by which a forced unwind is recognised, abi::__forced_unwind.
#define CXX_RUNTIME_HAS_FORCED_UNWIND 0
constexpr const char *library = "libc++.so";
/// What its vector says of an index past the end, and in which function of its own.
constexpr const char *bad_index = "vector[] index out of bounds";
constexpr const char *check_function = "__libcpp_";
constexpr bool checks_say_what_failed = true;
#else
#define CXX_RUNTIME_HAS_FORCED_UNWIND 1
constexpr const char *library = "libstdc++.so";
constexpr const char *bad_index = "Assertion '__n < this->size()' failed.";
constexpr const char *check_function = "__glibcxx_assert";
/// Before GCC 12 they print by themselves.
constexpr bool checks_say_what_failed = _GLIBCXX_RELEASE >= 12;
#endif

/// Whether glibc's pthread_exit and pthread_cancel unwind with the unwinder that C++ code in this process calls. They
/// take libgcc_s's by its file name. Where LLVM's libunwind comes first (libc++.so is a linker script that names it), a
/// personality asks that one about the other's frames, and the process crashes, with or without a guard.
inline bool threads_can_be_unwound() {
#if !defined(__GLIBC__)
  return false;
#endif
  void *const library = dlopen("libgcc_s.so.1", RTLD_LAZY);
  return library == nullptr || dlsym(library, "_Unwind_GetCFA") == dlsym(RTLD_DEFAULT, "_Unwind_GetCFA");
}
constexpr const char *why_threads_cannot_be_unwound =
#if !defined(__GLIBC__)
    "pthread_exit runs no destructor with this C library, under a guard or not";
#else
    "pthread_exit unwinds with libgcc_s, and C++ code here with LLVM's libunwind: that crashes without a guard too";
#endif

/// Whether the C++ runtime is a shared library. Only then our definitions of its functions come before its own
/// (interpose.hpp).
inline bool is_shared() { return dlsym(RTLD_NEXT, "__cxa_begin_catch") != nullptr; }
constexpr const char *why_not_shared =
    "the C++ runtime is linked statically here, and its functions come before ours of the same names";

}  // namespace cxx_runtime

#endif  // CGO_GUARD_TESTS_UNIT_CXX_RUNTIME_HPP
