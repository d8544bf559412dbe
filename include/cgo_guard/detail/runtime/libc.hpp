// SPDX-License-Identifier: BSL-1.0
/// @file libc.hpp
/// Chooses the C library's file. A port is one more with the same names, a line in which.hpp, and its branch here;
/// nobody else asks which C library this is, or knows what is particular to one.
#ifndef CGO_GUARD_LIBC_HPP
#define CGO_GUARD_LIBC_HPP

#include "../../config.hpp"

#if defined(CGO_GUARD_LIBC_IS_GLIBC)
#include "libc_glibc.hpp"
#else
#error "cgo_guard: no runtime/ file for this C library; signals can't be guarded here (CGO_GUARD_HAS_SIGNALS must be 0)"
#endif

#endif  // CGO_GUARD_LIBC_HPP
