// SPDX-License-Identifier: BSL-1.0
/// @file stripped.cpp
/// Prints the stack of a fault three functions deep, for stripped.sh.
#include <cgo_guard.h>

#include <cstdio>

#define KEPT __attribute__((noinline))
#define NO_TAIL_CALL asm volatile("" ::: "memory")

KEPT void innermost_function() {
  volatile int *volatile nowhere = nullptr;
  *nowhere = 1;  // line of innermost_function
}
KEPT void middle_function() {
  innermost_function();  // line of middle_function
  NO_TAIL_CALL;
}
KEPT void outermost_function() {
  middle_function();  // line of outermost_function
  NO_TAIL_CALL;
}

int main() {
  cgo_guard_error *const error = CGO_GUARD { outermost_function(); };
  std::fputs(cgo_guard_stack(error), stdout);
  cgo_guard_free(error);
}
