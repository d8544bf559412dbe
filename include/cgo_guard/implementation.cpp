// SPDX-License-Identifier: BSL-1.0
// The implementation as a file to compile: Meson's dependency brings it along.
#define CGO_GUARD_IMPLEMENTATION
#include "../cgo_guard.h"
