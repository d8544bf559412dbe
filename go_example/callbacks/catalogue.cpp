// SPDX-License-Identifier: BSL-1.0
// catalogue_price crashes while it holds the lock itself. For that the compiler records no cleanup, unless it is asked
// to.
#define CGO_GUARD_NON_CALL_EXCEPTIONS
#include "catalogue.h"

#include <mutex>
#include <thread>

// The exported Go function, as C++ sees it: it returns what cgoguard.Callback returned.
extern "C" void *visit_in_go(uintptr_t visitor, int32_t item);

namespace {

constexpr int32_t items = 5;
const int64_t prices[items] = {1250, 80, 0, 399, 9900};

// A visitor may look up prices, on the same thread.
std::recursive_mutex catalogue;

void show(uintptr_t visitor, int32_t item) {
  // Throws cgo_guard::go_error if the visitor failed. The lock of the caller is released on the way out.
  cgo_guard::check(visit_in_go(visitor, item));
}

const int64_t *price_of(int32_t item) { return prices[item] != 0 ? &prices[item] : nullptr; }

}  // namespace

cgo_guard_error *catalogue_visit(uintptr_t visitor) {
  return CGO_GUARD {
    const std::lock_guard<std::recursive_mutex> lock(catalogue);
    for (int32_t item = 0; item < items; ++item) show(visitor, item);
  };
}

cgo_guard_error *catalogue_visit_all(uintptr_t visitor, int32_t *refused) {
  return CGO_GUARD {
    const std::lock_guard<std::recursive_mutex> lock(catalogue);
    *refused = 0;
    for (int32_t item = 0; item < items; ++item) {
      try {
        show(visitor, item);
      } catch (const cgo_guard::go_error &e) {
        if (e.is_panic()) throw;  // not ours to hold up
        ++*refused;
      }
    }
  };
}

cgo_guard_error *catalogue_price(int32_t item, int64_t *cents) {
  return CGO_GUARD {
    const std::lock_guard<std::recursive_mutex> lock(catalogue);
    *cents = *price_of(item);
  };
}

int32_t catalogue_is_locked(void) {
  int32_t locked = 1;
  // Another thread, because the one that holds a recursive lock can always have it.
  std::thread([&locked] {
    if (!catalogue.try_lock()) return;
    catalogue.unlock();
    locked = 0;
  }).join();
  return locked;
}
