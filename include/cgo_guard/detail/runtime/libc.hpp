// SPDX-License-Identifier: BSL-1.0
/// @file libc.hpp
/// Chooses the C library's file. A port is one more with the same names, a line in which.hpp, and its branch here;
/// nobody else asks which C library this is, or knows what is particular to one. What each name has to mean is said in
/// libc_glibc.hpp:
///
/// - modules: module_at, find_eh_frame_hdr, size_of_function, find_loader
/// - stacks and signals: end_of_stack, kept_signals, signal_return_has_tables, set_action and set_handler
/// - its allocator: own_allocator_names, allocator_has_nameless_functions
/// - the end of a process: abort_lets_its_signal_in, last_words, inner_names_of_abort, description_of, exit_is_nothrow,
///   run_exit_handlers, run_quick_exit_handlers; assert_line and CGO_GUARD_LIBC_NOTHROW, as its headers declare them
#ifndef CGO_GUARD_LIBC_HPP
#define CGO_GUARD_LIBC_HPP

#include "../../config.hpp"

#if defined(CGO_GUARD_LIBC_IS_GLIBC)
#include "libc_glibc.hpp"
#elif defined(CGO_GUARD_LIBC_IS_MUSL)
#include "libc_musl.hpp"
#else
#error "cgo_guard: no runtime/ file for this C library; signals can't be guarded here (CGO_GUARD_HAS_SIGNALS must be 0)"
#endif

#endif  // CGO_GUARD_LIBC_HPP
