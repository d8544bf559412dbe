/* SPDX-License-Identifier: BSL-1.0 */
/// @file cgo_guard.h
/// The one include. In C, and in a cgo preamble: the error and the functions on it. In C++17: the barrier as well.
///
/// Macros that a user may define before it:
/// - CGO_GUARD_NON_CALL_EXCEPTIONS: close the gaps in this file's own functions, see below.
/// - CGO_GUARD_C_API_ELSEWHERE: don't compile the C functions of abi.h into this file, because another file of the
/// program
///   has them. With the Go package cgoguard one always has. Saves two thirds of the compile time.
/// - CGO_GUARD_NO_INTERPOSE: leave __assert_fail, __cxa_throw and their like alone (interpose.hpp).
#ifndef CGO_GUARD_H
#define CGO_GUARD_H

#include "cgo_guard/abi.h"

#ifdef __cplusplus
#include "cgo_guard/config.hpp"

#include "cgo_guard/floating_point.hpp"
#include "cgo_guard/guard.hpp"
#include "cgo_guard/thread.hpp"

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
