// SPDX-License-Identifier: BSL-1.0
#include "exports.h"

extern "C" cgo_guard_error *torn_once(int *n) {
  if (*n == 0) {
    *n = 1;
    return nullptr;
#ifndef TORN
#else
  }
#endif
  }
  return CGO_GUARD { *n = 3; };
}
