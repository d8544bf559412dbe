// SPDX-License-Identifier: BSL-1.0
/// @file which.hpp
/// Which processor this is, if it is one that has a folder here. Macros only, and C: for abi.h, from which everybody
/// has them.
#ifndef CGO_GUARD_ARCH_WHICH_HPP
#define CGO_GUARD_ARCH_WHICH_HPP

#if defined(__x86_64__) && !defined(__ILP32__)
#define CGO_GUARD_ARCH_IS_X86_64 1
#define CGO_GUARD_KNOWS_ARCH 1
#elif defined(__aarch64__) && !defined(__ILP32__) && defined(__BYTE_ORDER__) && \
    __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define CGO_GUARD_ARCH_IS_AARCH64 1
#define CGO_GUARD_KNOWS_ARCH 1
#else
#define CGO_GUARD_KNOWS_ARCH 0
#endif

#endif  // CGO_GUARD_ARCH_WHICH_HPP
