// SPDX-License-Identifier: BSL-1.0
/// @file stacks_portable.hpp
/// Whether errors have stacks where signals can't be guarded, who names their frames, and if there are none, why.
/// Macros only.
///
/// A stack is recorded by the unwinder that threw, and a module with an offset, which addr2line takes, is had from the
/// dynamic linker. Boost.Stacktrace, if it is there, adds what its back end knows; header-only, with nothing to link
/// but what that back end asks for. BOOST_STACKTRACE_USE_BACKTRACE and its like choose it here as everywhere. A program
/// that defines one of them for its own files defines it for this one too, as Boost wants it: all share its inline
/// functions.
#ifndef CGO_GUARD_STACKS_PORTABLE_HPP
#define CGO_GUARD_STACKS_PORTABLE_HPP

#include "../../config.hpp"
#include "../state/compiled_for.hpp"

#if defined(_WIN32)
// Neither the second definition of a function nor dladdr is to be had there.
#define CGO_GUARD_WHY_NO_STACKS "on Windows none are"
#elif defined(BOOST_STACKTRACE_USE_NOOP)
#define CGO_GUARD_WHY_NO_STACKS "cgo_guard was compiled with BOOST_STACKTRACE_USE_NOOP"
#elif defined(CGO_GUARD_NO_INTERPOSE)
#define CGO_GUARD_WHY_NO_STACKS "cgo_guard was compiled with CGO_GUARD_NO_INTERPOSE"
#elif CGO_GUARD_HAS_ASAN
#define CGO_GUARD_WHY_NO_STACKS "AddressSanitizer has the function that throws for itself"
#endif

#if defined(CGO_GUARD_WHY_NO_STACKS)
#define CGO_GUARD_RECORDS_THROWS 0
#else
#define CGO_GUARD_RECORDS_THROWS 1
#endif

// CGO_GUARD_NO_BOOST_STACKTRACE is for who has Boost and wants none of it.
#if CGO_GUARD_RECORDS_THROWS && !defined(CGO_GUARD_NO_BOOST_STACKTRACE) && __has_include(<boost/stacktrace/frame.hpp>)
#define CGO_GUARD_NAMES_BY_BOOST 1
#else
#define CGO_GUARD_NAMES_BY_BOOST 0
#endif

#endif  // CGO_GUARD_STACKS_PORTABLE_HPP
