// SPDX-License-Identifier: BSL-1.0
/// @file guarded_too.cpp
/// A second translation unit with the header, for the cells that ask whether two of them become one program.
#include <cgo_guard.h>

#include "program.h"

cgo_guard_error *guarded_too() {
  return CGO_GUARD { write_null(); };
}
