// SPDX-License-Identifier: BSL-1.0
/// @file guarded.cpp
/// The guard. A file of its own, because it is what costs time to compile.
#include <cgo_guard.h>

#include "failing.h"

namespace {

// In this namespace GCC's debug information knows it by half of its name.
__attribute__((noinline)) cgo_guard_error *guarded(void (*fail)()) {
  return CGO_GUARD {
    fail();  // line: guarded
    asm volatile("" ::: "memory");
  };
}

}  // namespace

cgo_guard_error *run_guarded(void (*fail)()) { return guarded(fail); }
