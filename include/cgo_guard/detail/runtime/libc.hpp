// SPDX-License-Identifier: BSL-1.0
/// @file libc.hpp
/// Chooses the C library's file. The only place that asks which one this is, beside config.hpp.
#ifndef CGO_GUARD_LIBC_HPP
#define CGO_GUARD_LIBC_HPP

#include "../../config.hpp"

#if defined(__GLIBC__)
#include "libc_glibc.hpp"
#else
#error "cgo_guard: no runtime/ file for this C library; signals can't be guarded here (CGO_GUARD_HAS_SIGNALS must be 0)"
#endif

#endif  // CGO_GUARD_LIBC_HPP
