// SPDX-License-Identifier: BSL-1.0
// In C and in a file of its own: no compiler can know here that it does not throw, and leave a try block out.
#include "work.h"

void bench_work(void) {}
