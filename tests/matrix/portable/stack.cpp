// SPDX-License-Identifier: BSL-1.0
/// @file stack.cpp
/// Prints what the portable guard says of a throw, and then of a broken noexcept, of which it dies.
#include <cstdio>
#include <stdexcept>

#include <cgo_guard.h>

#define NOINLINE __attribute__((noinline))

static volatile int not_a_tail_call;

NOINLINE void find_row(int row) {
  not_a_tail_call = row;
  throw std::out_of_range("row 7");
}
NOINLINE void promises_nothing_is_thrown() noexcept {
  find_row(7);
  not_a_tail_call = 1;
}
static cgo_guard_error *count_rows() {
  return CGO_GUARD {
    find_row(7);
    not_a_tail_call = 1;
  };
}
static cgo_guard_error *break_the_promise() {
  return CGO_GUARD {
    promises_nothing_is_thrown();
    not_a_tail_call = 1;
  };
}

int main() {
  cgo_guard_error *const error = count_rows();
  std::fputs(cgo_guard_describe(error), stderr);
  cgo_guard_free(error);
  cgo_guard_free(break_the_promise());
}
