// SPDX-License-Identifier: BSL-1.0
// Guards in which the process forks.
#ifndef GUARDTEST_FORKS_H
#define GUARDTEST_FORKS_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

// What the child does.
enum {
  GUARDTEST_CHILD_EXITS,      // with status 7
  GUARDTEST_CHILD_CRASHES,    // SIGSEGV
  GUARDTEST_CHILD_ABORTS,     // SIGABRT
  GUARDTEST_CHILD_THROWS,     // not after vfork, and not caught in the child
  GUARDTEST_CHILD_OWN_GUARD,  // fails in a guard of its own, and exits with status 7 if that gave an error
};

// wait_status is what waitpid said.
cgo_guard_error *guardtest_fork(int32_t child, int32_t *wait_status);
// With vfork, where the child runs in the memory and on the stack of its parent.
cgo_guard_error *guardtest_vfork(int32_t child, int32_t *wait_status);

#ifdef __cplusplus
}
#endif
#endif  // GUARDTEST_FORKS_H
