// SPDX-License-Identifier: BSL-1.0
/// @file guarded_too.cpp
/// A second translation unit with guards, and with an implementation of its own, for the cells that ask whether two of
/// them become one program. Some header had included ours before it was asked for.
#include <cgo_guard.h>
#define CGO_GUARD_IMPLEMENTATION
#include <cgo_guard.h>

#include "program.h"

cgo_guard_error *guarded_too() {
  return CGO_GUARD { write_null(); };
}
