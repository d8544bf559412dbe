// SPDX-License-Identifier: BSL-1.0
// The preprocessor would have to be asked which brace belongs to which.
#include "exports.h"

extern "C" cgo_guard_error *torn(int *n) {
  if (*n == 0) {
#ifdef TORN
    *n = 1;
    return nullptr;
  }
#else
    *n = 2;
    return nullptr;
  }
#endif
  return CGO_GUARD { *n = 3; };
}
