// SPDX-License-Identifier: BSL-1.0
#include <mutex>
#include <stdexcept>

#include "gallery.h"

namespace {

std::mutex mutex;

// Through a pointer, so that the compiler can't know that it never throws (see docs/guide.md, Cleanup).
void (*volatile crash)() = [] { *hidden<volatile int *>(nullptr) = 1; };

void with_lock() {
  const std::lock_guard<std::mutex> lock(mutex);
  crash();
}

struct crashes_too {
  ~crashes_too() { crash(); }
};

void with_bad_destructor() {
  crashes_too c;
  crash();
}

}  // namespace

extern "C" {
cgo_guard_error *crash_under_lock(void) {
  return CGO_GUARD { with_lock(); };
}
int lock_is_free(void) {
  if (!mutex.try_lock()) return 0;
  mutex.unlock();
  return 1;
}
cgo_guard_error *crash_while_cleaning(void) {
  return CGO_GUARD { with_bad_destructor(); };
}
cgo_guard_error *swallow_everything(void) {
  return CGO_GUARD {
    try {
      crash();
    } catch (...) {
    }
  };
}
}
