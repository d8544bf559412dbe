// SPDX-License-Identifier: BSL-1.0
// What users of the tree include by its name.
#define CGO_GUARD_WITH_THREAD
#define CGO_GUARD_WITH_TRANSLATOR
#define CGO_GUARD_WITH_FLOATING_POINT
#include "cgo_guard.h"

namespace {
struct shortage {
  int shelf;
};
const cgo_guard::translator<shortage> translate_shortage([](const shortage &s, cgo_guard::translation &to) {
  to.number(s.shelf);
});
}  // namespace

extern "C" cgo_guard_error *fail_in_a_thread() {
  return CGO_GUARD {
    const cgo_guard::keep_floating_point_environment environment;
    cgo_guard::thread worker([] { throw shortage{7}; });
    worker.join();
  };
}
