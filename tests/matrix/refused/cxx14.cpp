// SPDX-License-Identifier: BSL-1.0
// refused: cgo_guard needs C++17: add -std=c++17
// flags: -std=c++14
#include <cgo_guard.h>

cgo_guard_error *run() { return CGO_GUARD{}; }
