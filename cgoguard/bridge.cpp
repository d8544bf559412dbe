// SPDX-License-Identifier: BSL-1.0
// The one file of every Go program that has the C functions of the header; others may leave them out.
#undef CGO_GUARD_C_API_ELSEWHERE
#include <cgo_guard.h>
#include <cgo_guard/detail/go/traceback.hpp>
