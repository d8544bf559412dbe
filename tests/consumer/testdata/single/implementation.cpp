// SPDX-License-Identifier: BSL-1.0
#define CGO_GUARD_IMPLEMENTATION
#include "cgo_guard.h"
