// SPDX-License-Identifier: BSL-1.0
// C++ under a guard that ends the process, or means to.
#include "exits.h"

#include <cstdio>
#include <cstdlib>

#include <err.h>
#include <sys/wait.h>
#include <unistd.h>

#include "opaque.hpp"

namespace {

struct counter {
  int32_t &count;
  ~counter() { ++count; }
};

void leave(int32_t how, int32_t status) {
  switch (how) {
    case GUARDTEST_EXIT: std::exit(status);
    case GUARDTEST_QUICK_EXIT: std::quick_exit(status);
    case GUARDTEST_UPPER_EXIT: std::_Exit(status);
    case GUARDTEST_LOWER_EXIT: _exit(status);
    default: errx(status, "line %d is bad", 12);
  }
}

__attribute__((noinline)) void use_library(int32_t how, int32_t status, int32_t &destroyed) {
  const counter local{destroyed};
  guardtest::opaque (&leave)(how, status);
}

}  // namespace

extern "C" cgo_guard_error *guardtest_exit_under_guard(int32_t how, int32_t status, int32_t *destroyed) {
  return CGO_GUARD {
    const counter local{*destroyed};
    guardtest::opaque (&use_library)(how, status, *destroyed);
  };
}

extern "C" void guardtest_unguarded_exit(int32_t status) { std::exit(status); }

extern "C" cgo_guard_error *guardtest_exit_in_fork(int32_t how, int32_t *status) {
  return CGO_GUARD {
    const pid_t child = fork();
    if (child == 0) leave(how, 7);
    int result = 0;
    *status = waitpid(child, &result, 0) == child && WIFEXITED(result) ? WEXITSTATUS(result) : -1;
  };
}

extern "C" void guardtest_print_at_exit(void) {
  std::atexit([] {
    std::puts("the atexit handler ran");
    std::fflush(stdout);
  });
}
