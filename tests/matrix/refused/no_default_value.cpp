// SPDX-License-Identifier: BSL-1.0
// refused: returns a type without a default value, which a failure would have to return
#include <cgo_guard.h>

struct account {
#if !defined(REFUSED)
  account() = default;
#endif
  explicit account(int number) : id(number) {}
  int id = 0;
};

account open_account(cgo_guard_error **error) {
  return CGO_GUARD_VALUE(error) { return account(1); };
}
