// SPDX-License-Identifier: BSL-1.0
// refused: this file is compiled without them: it would guard nothing
// flags: -fno-exceptions
#define CGO_GUARD_HAS_SIGNALS 0
#include <cgo_guard.h>

cgo_guard_error *run() { return CGO_GUARD{}; }
