// SPDX-License-Identifier: BSL-1.0
#include "forks.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

#include "opaque.hpp"

namespace {

void crash() { *static_cast<volatile uint64_t *>(guardtest::null_plus(0xf0)) = 1; }

/// Nothing of it returns, so that a child that comes back has been let back by the guard.
[[noreturn]] __attribute__((noinline)) void be_child(int32_t child) {
  switch (child) {
    case GUARDTEST_CHILD_CRASHES: crash(); break;
    case GUARDTEST_CHILD_ABORTS: std::abort();
    case GUARDTEST_CHILD_THROWS: throw std::runtime_error("in the child");
    case GUARDTEST_CHILD_OWN_GUARD: {
      cgo_guard_error *error = CGO_GUARD { crash(); };
      _exit(error != nullptr && error->number == SIGSEGV ? 7 : 8);
    }
    default: break;
  }
  _exit(7);
}

void wait_for(pid_t pid, int32_t *wait_status) {
  if (pid < 0) throw std::system_error(errno, std::system_category(), "fork");
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) throw std::system_error(errno, std::system_category(), "waitpid");
  }
  *wait_status = status;
}

}  // namespace

cgo_guard_error *guardtest_fork(int32_t child, int32_t *wait_status) {
  return CGO_GUARD {
    const pid_t pid = fork();
    if (pid == 0) {
      alarm(20);  // what goes wrong here may hang
      be_child(child);
    }
    wait_for(pid, wait_status);
  };
}

cgo_guard_error *guardtest_vfork(int32_t child, int32_t *wait_status) {
  return CGO_GUARD {
    const pid_t pid = vfork();
    if (pid == 0) be_child(child);
    wait_for(pid, wait_status);
  };
}
