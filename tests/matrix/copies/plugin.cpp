// SPDX-License-Identifier: BSL-1.0
// One of several plugins in a process, each with a copy of the header of its own. HEADER and the flags tell which.
#include HEADER

#include <stdexcept>

#define EXPORT extern "C" __attribute__((visibility("default")))

static int take(cgo_guard_error *error) {
  const int number = error == nullptr ? -1 : error->code == CGO_GUARD_SIGNAL ? error->number : error->code;
  cgo_guard_free(error);
  return number;
}

static volatile int *volatile nowhere;

// @return the signal, or the code of another failure; -1 for none.
EXPORT int fail(int how) {
  return take(CGO_GUARD {
    if (how == 0) *nowhere = 1;
    if (how == 1) throw std::runtime_error("thrown");
    if (how == 2) __builtin_abort();
    if (how == 3) std::terminate();
  });
}

// Calls back from inside a guard, then fails itself. *inner gets what the callback returned.
EXPORT int fail_around(int (*callback)(int), int how, int *inner) {
  return take(CGO_GUARD {
    *inner = callback(how);
    *nowhere = 1;
  });
}

EXPORT void crash() { *nowhere = 1; }
EXPORT unsigned installed() {
  cgo_guard_stats stats = {};
  stats.struct_size = sizeof stats;
  cgo_guard_get_stats(&stats);
  return stats.installed;
}
EXPORT unsigned abi_version() { return CGO_GUARD_ABI_VERSION; }
