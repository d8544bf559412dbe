// SPDX-License-Identifier: BSL-1.0
/// @file compiled_for.hpp
/// Which sanitizers a file is compiled for. Macros only.
#ifndef CGO_GUARD_COMPILED_FOR_HPP
#define CGO_GUARD_COMPILED_FOR_HPP

// Which functions of libc they have of their own, and have to be the first for: then ours stay away.
#if defined(__has_feature)  // clang
#define CGO_GUARD_FEATURE(x) __has_feature(x)
#else
#define CGO_GUARD_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || CGO_GUARD_FEATURE(address_sanitizer)
#define CGO_GUARD_HAS_ASAN 1  ///< __cxa_throw, besides what all of them have
#else
#define CGO_GUARD_HAS_ASAN 0
#endif
#if CGO_GUARD_HAS_ASAN || defined(__SANITIZE_THREAD__) || CGO_GUARD_FEATURE(thread_sanitizer) || \
    CGO_GUARD_FEATURE(memory_sanitizer)
#define CGO_GUARD_HAS_SANITIZER 1  ///< exit, in which they report; sigaction
#else
#define CGO_GUARD_HAS_SANITIZER 0
#endif

#endif  // CGO_GUARD_COMPILED_FOR_HPP
