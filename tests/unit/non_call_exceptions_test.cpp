// SPDX-License-Identifier: BSL-1.0
#define CGO_GUARD_NON_CALL_EXCEPTIONS
#include <cgo_guard.h>
#include <csignal>

#include <mutex>

#include "support.hpp"

namespace {

std::mutex mutex;

/// Faults itself, while it holds the lock: nothing here is a call that might throw.
__attribute__((noinline)) int holds_and_faults(volatile int *p) {
  std::lock_guard<std::mutex> lock(mutex);
  return *p + 1;
}

}  // namespace

GUARDED_TEST_CASE(
    "With the pragma, a lock that the faulting function itself holds is released; clang has no such thing") {
  const caught error(CGO_GUARD { holds_and_faults(nullptr); });
  REQUIRE(error);
  CHECK(error->number == SIGSEGV);
  const bool released = mutex.try_lock();
  mutex.unlock();
  CHECK(released == (CGO_GUARD_HAS_NON_CALL_EXCEPTIONS != 0));
  // What the compiler didn't record can't be counted either: without the pragma "complete" does not cover this lock.
  if (released) CHECK(error->cleanup == CGO_GUARD_CLEANUP_COMPLETE);
}
