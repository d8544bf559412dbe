// SPDX-License-Identifier: BSL-1.0
/// @file seed.cpp
/// The program that this project began with, under no guard, and a call that waits in C++ behind a callback into Go.
#undef NDEBUG
#include <cassert>
#include <cstdio>

#include <sys/prctl.h>
#include <unistd.h>

#include <cgo_guard.h>

#include "seed.h"

#define KEPT __attribute__((noinline))
#define NO_TAIL_CALL asm volatile("" ::: "memory")

namespace {

int volatile two = 2;

KEPT void fn2(const char *argument) {
  std::printf("the argument of fn2 is %s\n", argument);
  std::fflush(stdout);
  assert(1 == two);  // line of fn2
}

KEPT void fn1(int number) {
  char text[32];
  std::snprintf(text, sizeof text, "deadbeef %d", number);
  fn2(text);  // line of fn1
  NO_TAIL_CALL;
}

KEPT void ask(const char *) {
  go_answer();  // line of ask
  NO_TAIL_CALL;
}

}  // namespace

void test_crash(const char *) {
  fn1(1092);  // line of test_crash
  NO_TAIL_CALL;
}

cgo_guard_error *wait_behind_callback(void) {
  return CGO_GUARD {
    ask("what?");  // line of wait_behind_callback
    NO_TAIL_CALL;
  };
}

void wait_for_ever(void) {
  std::puts("waiting");
  std::fflush(stdout);
  for (;;) pause();  // line of wait_for_ever
}

void let_anyone_attach(void) { prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); }
