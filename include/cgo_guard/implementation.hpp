// SPDX-License-Identifier: BSL-1.0
/// @file implementation.hpp
/// All that a program needs once. Nobody includes it by name: see CGO_GUARD_IMPLEMENTATION in cgo_guard.h.
///
/// Everything in it is inline or weak, so that a program may have it more than once.
#ifndef CGO_GUARD_IMPLEMENTATION_HPP
#define CGO_GUARD_IMPLEMENTATION_HPP

#include "config.hpp"

#include "detail/guard/report_exception.hpp"
#include "detail/guard/thread_error.hpp"

#if CGO_GUARD_HAS_SIGNALS
#include "detail/guard/entry.hpp"
#include "detail/guard/exit.hpp"
#include "detail/guard/interpose.hpp"
#include "detail/guard/report.hpp"
#else
#include "detail/portable/guard_portable.hpp"
#endif

#endif  // CGO_GUARD_IMPLEMENTATION_HPP
