// SPDX-License-Identifier: BSL-1.0
#include "../outside/macros.h"
#include "exports.h"
#define BEGIN_EXPORT return CGO_GUARD
#define hidden       \
  return CGO_GUARD { \
    return

static cgo_guard_error *helper(int n) {
  if (n == 0) return nullptr;
  return nullptr;
}

namespace {
template <class Body>
cgo_guard_error *run(Body body) {
  body();
  return nullptr;
}
}  // namespace

struct holder {
  cgo_guard_error *get() {
    count();
    return nullptr;
  }
  void count();
};

cgo_guard_error *internal(int n) {
  helper(n);
  return nullptr;
}

extern "C" {
cgo_guard_error *usual(int n, int *out) {
  return CGO_GUARD {
    if (n == 0) return;
    *out = 1 / n;
  };
}
cgo_guard_error *early(int n, int *out) {
  if (n == 0) return nullptr;
  return CGO_GUARD { *out = 1 / n; };
}
int value(int n, cgo_guard_error **error) {
  return CGO_GUARD_VALUE(error) { return 1 / n; };
}
cgo_guard_error *delegated(int n) {
  helper(n);
  return helper(n);
}
int delegated_value(int n, cgo_guard_error **error) { return value(n, error); }
cgo_guard_error *by_macro(int n) {
  BEGIN_EXPORT { helper(n); };
  return nullptr;
}
cgo_guard_error *by_a_macro_of_the_header(int n) {
  guarded_by_macro { helper(n); };
  return nullptr;
}
cgo_guard_error *by_a_macro_of_nobody_knows_where(int n) {
  BEGIN_GUARDED { helper(n); };
  return nullptr;
}
cgo_guard_error *nothing_to_guard(void) { return nullptr; }
cgo_guard_error *in_a_lambda(int n) {
  auto body = [&] {
    return CGO_GUARD { helper(n); };
  };
  return body();
}
cgo_guard_error *declared_only(int n);
static int not_exported(int n, cgo_guard_error **error) { return 1 / n; }
void (*pointer)(cgo_guard_error **) = nullptr;
int calls[] = {1, 2, 3};
}
