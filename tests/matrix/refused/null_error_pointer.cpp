// SPDX-License-Identifier: BSL-1.0
// refused: a failure would have no place to go
#include <cgo_guard.h>

int value(cgo_guard_error **error) {
#if defined(REFUSED)
  static_cast<void>(error);
  return CGO_GUARD_VALUE(nullptr) { return 1; };
#else
  return CGO_GUARD_VALUE(error) { return 1; };
#endif
}
