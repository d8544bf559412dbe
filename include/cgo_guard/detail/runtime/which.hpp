// SPDX-License-Identifier: BSL-1.0
/// @file which.hpp
/// Which C library and which C++ runtime these are, if they are ones that there are files for here. Macros only, and C:
/// for abi.h, from which everybody has them.
#ifndef CGO_GUARD_RUNTIME_WHICH_HPP
#define CGO_GUARD_RUNTIME_WHICH_HPP

// From which the libraries say who they are.
#if defined(__cplusplus)
#include <cstddef>
#endif
#include <stdint.h>

// uClibc calls itself glibc as well. musl has no name by intent; what tells it is how its stdint.h keeps a type from
// being defined twice (bits/alltypes.h).
#if defined(__GLIBC__) && !defined(__UCLIBC__)
#define CGO_GUARD_LIBC_IS_GLIBC 1
#define CGO_GUARD_KNOWS_LIBC 1
#elif defined(__linux__) && defined(__DEFINED_uint64_t) && !defined(__UCLIBC__) && !defined(__BIONIC__)
#define CGO_GUARD_LIBC_IS_MUSL 1
#define CGO_GUARD_KNOWS_LIBC 1
#else
#define CGO_GUARD_KNOWS_LIBC 0
#endif

// How the readable name begins of what std::throw_with_nested throws; the user's type and a '>' follow. Of both
// libraries: a process may hold both.
#define CGO_GUARD_CXX_NESTED_WRAPPERS "std::_Nested_exception<", "std::__nested<"

// In C nobody knows.
#if !defined(__cplusplus)
#define CGO_GUARD_KNOWS_CXX 1
#elif defined(__GLIBCXX__)
#define CGO_GUARD_CXX_IS_LIBSTDCXX 1
#define CGO_GUARD_KNOWS_CXX 1
#elif defined(_LIBCPP_VERSION)  // with libc++abi, as everywhere on Linux
#define CGO_GUARD_CXX_IS_LIBCXXABI 1
#define CGO_GUARD_KNOWS_CXX 1
#else
#define CGO_GUARD_KNOWS_CXX 0
#endif

#endif  // CGO_GUARD_RUNTIME_WHICH_HPP
