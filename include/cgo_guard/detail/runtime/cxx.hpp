// SPDX-License-Identifier: BSL-1.0
/// @file cxx.hpp
/// Chooses the C++ runtime's files: exception objects and thread state; the types of exceptions. A port is one more
/// pair with the same names, a line in which.hpp, and its branch here; nobody else asks which C++ runtime this is, or
/// knows what is particular to one.
#ifndef CGO_GUARD_CXX_HPP
#define CGO_GUARD_CXX_HPP

#include "../../config.hpp"

#if defined(CGO_GUARD_CXX_IS_LIBSTDCXX)
#include "cxx_libstdcxx.hpp"
#include "cxx_libstdcxx_types.hpp"
#else
#error "cgo_guard: no runtime/ files for this C++ runtime; signals can't be guarded (CGO_GUARD_HAS_SIGNALS must be 0)"
#endif

#endif  // CGO_GUARD_CXX_HPP
