// SPDX-License-Identifier: BSL-1.0
/// @file failing.cpp
/// What the guarded blocks call, without the header. Always compiled with exceptions: the code that throws and the code
/// that guards are often not from the same house.
#undef NDEBUG
#include <cassert>
#include <cstdlib>
#include <stdexcept>

#include "program.h"

// Volatile, and functions kept apart: under -flto the compiler sees all of this, and knows that a fault never throws.
#define KEPT __attribute__((noinline, used))
#define NO_TAIL_CALL asm volatile("" ::: "memory")

int destructors_run = 0;

namespace {
struct counts {
  ~counts() { ++destructors_run; }
};
}  // namespace

KEPT void with_destructor(void (*function)()) {
  void (*volatile opaque)() = function;
  const counts c;
  opaque();
  NO_TAIL_CALL;
}

KEPT void throw_out_of_range() { throw std::out_of_range("index 7"); }

KEPT void write_null() {
  volatile int *volatile nowhere = nullptr;
  *nowhere = 1;
}

KEPT void fail_assertion() {
  volatile int value = 41;
  assert(value == 42 && "the answer");
}

KEPT void free_twice() {
  void *volatile const block = std::malloc(24);
  std::free(block);
  std::free(block);
  NO_TAIL_CALL;
}

KEPT static void promise() noexcept {
  void (*volatile opaque)() = throw_out_of_range;
  opaque();
  NO_TAIL_CALL;
}

KEPT void break_noexcept() {
  promise();
  NO_TAIL_CALL;
}
