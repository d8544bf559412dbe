/* SPDX-License-Identifier: BSL-1.0 */
/// @file cgo_guard.h
/// The one include. In C, and in a cgo preamble: the error and the functions on it. In C++17: the barrier as well.
///
/// It declares. What it declares is compiled once in a program: by the Go package cgoguard, by Meson's dependency, or
/// by one C++ file of yours that defines CGO_GUARD_IMPLEMENTATION before it includes this one. Where nobody does, the
/// linker says so.
///
/// Macros that a user may define before it:
/// - CGO_GUARD_IMPLEMENTATION: this file is the one. Several do no harm.
/// - CGO_GUARD_NO_INTERPOSE: with it, leave __assert_fail, __cxa_throw and their like alone
/// (detail/guard/interpose.hpp).
/// - CGO_GUARD_NON_CALL_EXCEPTIONS: close the gaps in this file's own functions, see below.
///
/// With an include of their own, because they bring standard headers along: <cgo_guard/thread.hpp>,
/// <cgo_guard/translator.hpp>, <cgo_guard/boost_exception.hpp>, <cgo_guard/boost_stacktrace.hpp>,
/// <cgo_guard/floating_point.hpp>.
#ifndef CGO_GUARD_H
#define CGO_GUARD_H

#include "cgo_guard/abi.h"

#ifdef __cplusplus
#include "cgo_guard/callback.hpp"
#include "cgo_guard/enter_thread.hpp"
#include "cgo_guard/guard.hpp"

/// By default a compiler takes it that a load, a store or a division never throws, and records no cleanup for it: a
/// function that faults itself, rather than in something it calls, keeps its locks. GCC can be asked to record those
/// too, for all functions that follow the include. It costs some optimisations. cgo does not allow the flag
/// -fnon-call-exceptions, so it is asked for here. clang has nothing like it: CGO_GUARD_HAS_NON_CALL_EXCEPTIONS is 0.
#if defined(CGO_GUARD_NON_CALL_EXCEPTIONS) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("non-call-exceptions")
#define CGO_GUARD_HAS_NON_CALL_EXCEPTIONS 1
#else
#define CGO_GUARD_HAS_NON_CALL_EXCEPTIONS 0
#endif

#endif /* __cplusplus */

#endif /* CGO_GUARD_H */

/* Outside of the include guard: another header may have included this one before the macro was defined. */
#ifdef __cplusplus
#ifdef CGO_GUARD_IMPLEMENTATION
#include "cgo_guard/implementation.hpp"
#endif
#endif
