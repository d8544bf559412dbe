// SPDX-License-Identifier: BSL-1.0
#include "guarded.h"

#include <cstdlib>
#include <stdexcept>

extern "C" void library_inner();

namespace {
int *volatile nobody = nullptr;
}  // namespace

cgo_guard_error *guarded_read_null(void) {
  return CGO_GUARD { *nobody = *nobody + 1; };
}

cgo_guard_error *guarded_throw(void) {
  return CGO_GUARD { throw std::out_of_range("shelf 3"); };
}

cgo_guard_error *guarded_abort(void) {
  return CGO_GUARD {
    if (nobody == nullptr) std::abort();
  };
}

cgo_guard_error *guarded_callback(void) {
  return CGO_GUARD {
    library_inner();
    *nobody = 1;
  };
}

void plain_callback(void) { library_inner(); }
