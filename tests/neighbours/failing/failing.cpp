// SPDX-License-Identifier: BSL-1.0
#include "failing.h"

#include <stdexcept>

namespace {

int *volatile nobody = nullptr;

__attribute__((noinline)) void write_to_nobody() { *nobody = 1; }
__attribute__((noinline)) void throw_out_of_range() { throw std::out_of_range("shelf 3"); }

void catch_often(uint64_t times) {
  for (uint64_t i = 0; i < times; ++i) {
    try {
      throw_out_of_range();
    } catch (const std::exception &) {
    }
  }
}

/// Before any Go package is initialised, and thus before cgosymbolizer calls SetCgoTraceback.
const int32_t signal_before_main = [] {
  cgo_guard_error *error = neighbours_fault();
  const int32_t number = error == nullptr ? 0 : error->number;
  cgo_guard_free(error);
  return number;
}();

}  // namespace

cgo_guard_error *neighbours_fault(void) {
  return CGO_GUARD { write_to_nobody(); };
}

cgo_guard_error *neighbours_throw(void) {
  return CGO_GUARD { throw_out_of_range(); };
}

cgo_guard_error *neighbours_catch(uint64_t times) {
  return CGO_GUARD { catch_often(times); };
}

void neighbours_catch_unguarded(uint64_t times) { catch_often(times); }

int32_t neighbours_before_main(void) { return signal_before_main; }
