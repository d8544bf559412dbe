// SPDX-License-Identifier: BSL-1.0
// A plugin with guards and without an implementation: the Go program that loads it has one.
#include <cgo_guard.h>

#include <stdexcept>

namespace {
int *volatile nobody = nullptr;
}  // namespace

extern "C" cgo_guard_error *plugin_fail(int how) {
  return CGO_GUARD {
    if (how == 0) *nobody = 1;
    if (how == 1) throw std::out_of_range("shelf 3");
  };
}
