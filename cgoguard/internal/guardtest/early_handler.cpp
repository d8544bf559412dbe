// SPDX-License-Identifier: BSL-1.0
// A library whose handler was there before Go, and swallows what it gets.
#include <csignal>
#include <cstdlib>
#include <thread>

#include <unistd.h>

#include "processor.hpp"

static volatile sig_atomic_t swallowed;

__attribute__((constructor)) static void install_before_go() {
  if (std::getenv("CGOGUARD_TEST_EARLY_HANDLER") == nullptr) return;
  struct sigaction action = {};
  action.sa_handler = [](int) { swallowed = swallowed + 1; };
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  sigaction(SIGILL, &action, nullptr);
}

/// Sends SIGILL to a thread that Go never saw. @return how many the early handler has swallowed.
extern "C" int32_t guardtest_swallowed_on_a_bare_thread(void) {
  std::thread([] { raise(SIGILL); }).join();
  return swallowed;
}

extern "C" cgo_guard_error *guardtest_illegal(void) {
  return CGO_GUARD { guardtest::illegal_instruction(); };
}
