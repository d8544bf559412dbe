// SPDX-License-Identifier: BSL-1.0
// refused: CGO_GUARD_VALUE takes a cgo_guard_error **
#include <cgo_guard.h>

int value(cgo_guard_error **error) {
#if defined(REFUSED)
  return CGO_GUARD_VALUE(*error) { return 1; };
#else
  return CGO_GUARD_VALUE(error) { return 1; };
#endif
}
