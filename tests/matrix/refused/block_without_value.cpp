// SPDX-License-Identifier: BSL-1.0
// refused: the block of CGO_GUARD_VALUE returns nothing: use CGO_GUARD
#include <cgo_guard.h>

void run(cgo_guard_error **error) {
#if defined(REFUSED)
  CGO_GUARD_VALUE(error){};
#else
  CGO_GUARD_VALUE(error) { return 1; };
#endif
}
