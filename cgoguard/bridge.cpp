// SPDX-License-Identifier: BSL-1.0
// The implementation of the barrier, once for every Go program that imports this package.
#define CGO_GUARD_IMPLEMENTATION
#include <cgo_guard.h>
#include <cgo_guard/detail/go/traceback.hpp>
