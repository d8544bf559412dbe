// SPDX-License-Identifier: BSL-1.0
// One of several plugins in a process, each of a version of the header (HEADER) and with an implementation of its own
// or that of somebody else.
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

// May throw, as far as anybody who calls it knows.
__attribute__((noinline)) static void crash_for(volatile int *where) {
  *where = 1;
  if (where != nullptr) throw std::runtime_error("never");
}

// How many more exceptions were in flight than outside, in a destructor and in a catch (...) that a fault has entered,
// and afterwards: three digits, which are those of a throw.
EXPORT int in_flight() {
  static int digits;
  struct looks {
    int before = std::uncaught_exceptions();
    int weight;
    explicit looks(int w) : weight(w) {}
    ~looks() { digits += weight * (std::uncaught_exceptions() - before); }
  };
  digits = 0;
  const int outside = std::uncaught_exceptions();
  take(CGO_GUARD {
    const int before = std::uncaught_exceptions();
    try {
      const looks in_destructor(100);
      crash_for(nowhere);
    } catch (...) {
      digits += 10 * (std::uncaught_exceptions() - before);
      throw;
    }
  });
  digits += std::uncaught_exceptions() - outside;
  return digits;
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
// An error that another plugin may release, and how one is released here.
EXPORT void *make_error() {
  return CGO_GUARD { throw std::runtime_error("thrown"); };
}
EXPORT void free_error(void *error) { cgo_guard_free(static_cast<cgo_guard_error *>(error)); }
EXPORT unsigned live_errors() {
  cgo_guard_stats stats = {};
  stats.struct_size = sizeof stats;
  cgo_guard_get_stats(&stats);
  return static_cast<unsigned>(stats.live_errors);
}
EXPORT unsigned abi_version() { return CGO_GUARD_ABI_VERSION; }
