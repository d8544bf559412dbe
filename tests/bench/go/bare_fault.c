// SPDX-License-Identifier: BSL-1.0
// A fault and the least that survives it.
#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include "work.h"

static sigjmp_buf back;
static volatile int *volatile nowhere;

void bench_fault(void) { *nowhere = 1; }

static void leave(int signal) { siglongjmp(back, signal); }

void bench_bare_faults(uint64_t times) {
  struct sigaction action, saved;
  memset(&action, 0, sizeof action);
  action.sa_handler = leave;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGSEGV, &action, &saved);
  for (volatile uint64_t i = 0; i < times; ++i) {
    if (sigsetjmp(back, 1) == 0) bench_fault();
  }
  sigaction(SIGSEGV, &saved, NULL);
}
