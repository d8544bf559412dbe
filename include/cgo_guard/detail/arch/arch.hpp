// SPDX-License-Identifier: BSL-1.0
/// @file arch.hpp
/// Chooses the processor's file. The only place that asks which processor this is, beside config.hpp.
#ifndef CGO_GUARD_ARCH_HPP
#define CGO_GUARD_ARCH_HPP

#include "../../config.hpp"

#if defined(__x86_64__)
#include "x86_64/calls.hpp"
#include "x86_64/code.hpp"
#include "x86_64/core.hpp"
#include "x86_64/memory.hpp"
#include "x86_64/operand.hpp"
#include "x86_64/registers.hpp"
#include "x86_64/signal.hpp"
#include "x86_64/thread.hpp"
#include "x86_64/trampoline.hpp"
#else
#error "cgo_guard: no arch/ file for this processor; signals can't be guarded here (CGO_GUARD_HAS_SIGNALS must be 0)"
#endif

#endif  // CGO_GUARD_ARCH_HPP
