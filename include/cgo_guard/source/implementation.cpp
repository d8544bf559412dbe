// SPDX-License-Identifier: BSL-1.0
// The implementation as a file to compile: Meson's dependency brings it along. In a folder of its own, because a Go
// package, which the folder above is for "go mod vendor", may have no C++ files.
#define CGO_GUARD_IMPLEMENTATION
#include "../../cgo_guard.h"
