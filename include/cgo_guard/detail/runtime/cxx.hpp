// SPDX-License-Identifier: BSL-1.0
/// @file cxx.hpp
/// Chooses the C++ runtime's files. A port is one more pair with the same names, a line in which.hpp, and its branch
/// here; nobody else asks which C++ runtime this is, or knows what is particular to one. What each name has to mean is
/// said in the files that have it:
///
/// - exception objects, in cxx_exceptions.hpp: is_cxx_class, is_cxx, is_counted_class, object_of, type_of,
///   is_alive_and_uncaught
/// - a thread's state, in cxx_thread_state.hpp: globals with `uncaught`, current_globals, caught_last,
///   make_caught_once, forget_caught_last, counts_before_rethrow; state_place for the signal handler
/// - types of classes, in cxx_class_types.hpp: for_each_base with base_class, catches, part_named
/// - in cxx_standard_types.hpp: exception_type, nested_exception_type, object_nested_in, code_of_future_error; and
///   standard_names: names_of_exception, names_of_system_error, names_of_nested_exception
///
/// and of the pair:
///
/// - forced_unwind_type_info
/// - types: system_error_type, string_type_name, filesystem_error_type with path1_of and path2_of, future_error_type
/// - functions: rethrow_exception_name
/// - its own assertions: check_readable_name, and CGO_GUARD_CXX_CHECK with its _PARAMETERS, which may need a
///   failed_check, its _ARGUMENTS (to pass them on) and its _TEXT (what they say)
#ifndef CGO_GUARD_CXX_HPP
#define CGO_GUARD_CXX_HPP

#include "../../config.hpp"

#if defined(CGO_GUARD_CXX_IS_LIBSTDCXX)
#include "cxx_libstdcxx.hpp"
#include "cxx_libstdcxx_types.hpp"
#elif defined(CGO_GUARD_CXX_IS_LIBCXXABI)
#include "cxx_libcxxabi.hpp"
#include "cxx_libcxxabi_types.hpp"
#else
#error "cgo_guard: no runtime/ files for this C++ runtime; signals can't be guarded (CGO_GUARD_HAS_SIGNALS must be 0)"
#endif

#include "cxx_class_types.hpp"
#include "cxx_standard_types.hpp"
#include "cxx_thread_state.hpp"

#endif  // CGO_GUARD_CXX_HPP
