// SPDX-License-Identifier: BSL-1.0
/// @file 03_cleanup.cpp
/// Cleanup, and what it can't clean: which destructors run between a fault and its guard, and how the error says so.

#include <cgo_guard.h>

#include <cstdio>
#include <mutex>

namespace {

struct announced {
  const char *name;
  ~announced() { std::printf("  ~%s\n", name); }
};

std::mutex mutex;

/// Elsewhere in a real program. Here the compiler must not see that it never throws, or it drops the callers' cleanups.
void (*volatile fault)() = [] { *static_cast<volatile int *>(nullptr) = 1; };

/// A call that may throw, as far as the compiler knows: every local has a recorded cleanup.
void calls_something() {
  announced local{"calls_something's local"};
  const std::lock_guard<std::mutex> lock(mutex);
  fault();
}

/// A promise. GCC records that nothing can leave here, clang that leaving ends the program. The frame is passed over
/// and counted.
void promises() noexcept {
  announced local{"promises's local"};
  fault();
}

void report(const char *what, cgo_guard_error *error) {
  static const char *const names[] = {"complete", "partial", "none"};
  std::printf("%s: %s, cleanup %s, %llu skipped\n", what, error->message, names[error->cleanup],
              static_cast<unsigned long long>(error->skipped));
  cgo_guard_free(error);
}

}  // namespace

int main() {
  cgo_guard_error *error = CGO_GUARD { calls_something(); };
  bool as_expected = error != nullptr && error->cleanup == CGO_GUARD_CLEANUP_COMPLETE;
  report("in a call", error);

  const bool lock_is_free = mutex.try_lock();
  std::printf("  the lock is %s\n", lock_is_free ? "free" : "still held");
  as_expected = as_expected && lock_is_free;

  void (*volatile promise)() = promises;  // through a pointer, which promises nothing
  error = CGO_GUARD {
    announced outer{"the guarded block's local"};
    promise();
  };
  as_expected = as_expected && error != nullptr && error->cleanup == CGO_GUARD_CLEANUP_PARTIAL && error->skipped == 1;
  report("under noexcept", error);
  return as_expected ? 0 : 1;
}
