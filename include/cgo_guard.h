/* SPDX-License-Identifier: BSL-1.0 */
/// @file cgo_guard.h
/// The one include. In C, and in a cgo preamble: the error and the functions on it. In C++17: the barrier as well.
#ifndef CGO_GUARD_H
#define CGO_GUARD_H

#include "cgo_guard/abi.h"

#ifdef __cplusplus
#include "cgo_guard/config.hpp"

#include "cgo_guard/guard.hpp"
#endif

#endif /* CGO_GUARD_H */
