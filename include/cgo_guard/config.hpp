// SPDX-License-Identifier: BSL-1.0
/// @file config.hpp
/// What this build can do, as macros that are always 0 or 1, and the namespace.
#ifndef CGO_GUARD_CONFIG_HPP
#define CGO_GUARD_CONFIG_HPP

#if !defined(__cplusplus) || __cplusplus < 201703L
#error "cgo_guard needs C++17: add -std=c++17 (in cgo: `#cgo CXXFLAGS: -std=c++17`)"
#endif

// Two versions of this header in one process (two vendored copies, a plugin) must not share functions or state: the
// dynamic linker would unify equal names. The ABI number is therefore part of every C++ name.
#define CGO_GUARD_NAMESPACE_BEGIN \
  namespace cgo_guard {           \
  inline namespace abi1 {
#define CGO_GUARD_NAMESPACE_END \
  }                             \
  }

#include "abi.h"

// The question to CGO_GUARD_GUARDS_SIGNALS, which is the answer and what C has too.
#if !defined(CGO_GUARD_HAS_SIGNALS)
#define CGO_GUARD_HAS_SIGNALS CGO_GUARD_GUARDS_SIGNALS
#endif

#define CGO_GUARD_LIKELY(x) __builtin_expect(!!(x), 1)
#define CGO_GUARD_UNLIKELY(x) __builtin_expect(!!(x), 0)

// What the process keeps has its first value before any code runs: a guard in a static of a user's file may come before
// the statics of the implementation's, which must not begin anew then.
#if defined(__clang__)
#define CGO_GUARD_CONSTINIT [[clang::require_constant_initialization]]
#elif defined(__GNUC__) && __GNUC__ >= 10
#define CGO_GUARD_CONSTINIT __constinit
#else
#define CGO_GUARD_CONSTINIT
#endif

// `used`, because it is other files that call them.
#define CGO_GUARD_C_API extern "C" __attribute__((used)) inline

#endif  // CGO_GUARD_CONFIG_HPP
