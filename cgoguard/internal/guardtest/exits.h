/* SPDX-License-Identifier: BSL-1.0 */
/* C++ under a guard that ends the process, or means to: exits.cpp. */
#ifndef GUARDTEST_EXITS_H
#define GUARDTEST_EXITS_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

enum guardtest_exit {
  GUARDTEST_EXIT = 0,
  GUARDTEST_QUICK_EXIT = 1,
  GUARDTEST_UPPER_EXIT = 2, /* _Exit */
  GUARDTEST_LOWER_EXIT = 3, /* _exit */
  GUARDTEST_ERRX = 4
};

/* Exits two frames below the guard. destroyed counts the destructors that ran. */
cgo_guard_error *guardtest_exit_under_guard(int32_t how, int32_t status, int32_t *destroyed);
/* exit() under no guard of its own. */
void guardtest_unguarded_exit(int32_t status);
/* fork under a guard, whose child exits in that way. @return in *status what waitpid saw, or -1 */
cgo_guard_error *guardtest_exit_in_fork(int32_t how, int32_t *status);
/* Prints a line at exit, on stdout. */
void guardtest_print_at_exit(void);

#ifdef __cplusplus
}
#endif
#endif
