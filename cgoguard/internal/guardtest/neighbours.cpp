// SPDX-License-Identifier: BSL-1.0
// Libraries with signal handlers of their own.
#include <csignal>

#include <unistd.h>

#include "opaque.hpp"

static volatile sig_atomic_t calls_of_removed;

/// A library takes SIGSEGV for a while, somebody enters a guard, and the library gives it back.
extern "C" void guardtest_handler_comes_and_goes(void) {
  struct sigaction action = {}, old;
  action.sa_sigaction = [](int, siginfo_t *, void *) {
    calls_of_removed = calls_of_removed + 1;
    if (calls_of_removed > 5) _exit(99);
  };
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGSEGV, &action, &old);
  cgo_guard_free(CGO_GUARD { guardtest::opaque(0); });
  sigaction(SIGSEGV, &old, nullptr);
}
