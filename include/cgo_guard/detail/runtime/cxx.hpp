// SPDX-License-Identifier: BSL-1.0
/// @file cxx.hpp
/// Chooses the C++ runtime's files. A port is one more pair with the same names, a line in which.hpp, and its branch
/// here; nobody else asks which C++ runtime this is, or knows what is particular to one. What each name has to mean is
/// said in cxx_libstdcxx.hpp and cxx_libstdcxx_types.hpp:
///
/// - exception objects: is_cxx_class, is_cxx, object_of, type_of, is_alive_and_uncaught, object_in (an exception_ptr)
/// - a thread's state: globals with `uncaught`, current_globals, caught_last, make_caught_once, forget_caught_last
/// - catch clauses: catches, for_each_base, forced_unwind_type_info
/// - types: exception_type, system_error_type, nested_exception_type, nested_wrapper, string_type_name,
///   filesystem_error_type with path1_of and path2_of, future_error_type with code_of_future_error
/// - functions: rethrow_exception_name, check_readable_name and CGO_GUARD_CXX_CHECK, bring_in_throw
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
