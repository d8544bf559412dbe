// SPDX-License-Identifier: BSL-1.0
/// @file failing.cpp
/// Fails in ways whose stacks are all that a stack can hold. `// line: NAME` is what a golden stack calls that line.
#undef NDEBUG
#include "failing.h"

#include <cassert>
#include <cstdlib>
#include <stdexcept>

// What is not KEPT or INLINED would depend on the optimiser; and a call in the last place would be a jump, and leave no
// frame.
#ifdef __clang__
#define KEPT __attribute__((noinline))
#else
#define KEPT __attribute__((noinline, noclone))
#endif
#define INLINED inline __attribute__((always_inline))
#define NO_TAIL_CALL asm volatile("" ::: "memory")

namespace shop {
namespace {

// Volatile, so that no compiler sees what fails.
volatile int none_left = -1;
int *volatile nowhere = nullptr;
void (*volatile nobody)() = nullptr;

KEPT void refuse(int items) {
  if (items < 0) throw std::out_of_range("fewer than none");  // line: refuse
}

INLINED void check(int items) {
  refuse(items);  // line: check
  NO_TAIL_CALL;
}

}  // namespace

template <class Number>
KEPT void visit(Number items) {
  check(static_cast<int>(items));  // line: visit
  NO_TAIL_CALL;
}

struct box {
  KEPT explicit box(int items);
  int *place = nowhere;
  INLINED void set(int items) {
    *place = items;  // line: set
  }
  KEPT void fill(int items) {
    set(items);  // line: fill
    NO_TAIL_CALL;
  }
};

box::box(int items) {
  const auto each = [](int n) KEPT {
    visit<long>(n);  // line: lambda
    NO_TAIL_CALL;
  };
  each(items);  // line: box
  NO_TAIL_CALL;
}

KEPT box operator+(const box &, int items) {
  box sum(items);  // line: operator
  NO_TAIL_CALL;
  return sum;
}

KEPT void count_items() {
  static_cast<void>(box(0) + none_left);  // line: count_items
  NO_TAIL_CALL;
}

KEPT void write_item() {
  box none(0);
  none.fill(1);  // line: write_item
  NO_TAIL_CALL;
}

KEPT void call_nobody() {
  nobody();  // line: call_nobody
  NO_TAIL_CALL;
}

KEPT void give_up() {
  if (none_left < 0) std::abort();  // line: give_up
  NO_TAIL_CALL;
}

KEPT void check_stock() {
  assert(none_left > 0 && "nothing left");  // line: check_stock
  NO_TAIL_CALL;
}

static KEPT void promise() noexcept {
  refuse(none_left);  // line: promise
  NO_TAIL_CALL;
}

KEPT void break_promise() {
  promise();  // line: break_promise
  NO_TAIL_CALL;
}

KEPT int refuse_sum() {
  refuse(none_left);  // line: refuse_sum
  NO_TAIL_CALL;
  return 0;
}

static KEPT int sum(int n) {
  const int below = n == 0 ? refuse_sum() : sum(n - 1);  // line: sum
  NO_TAIL_CALL;
  return below + n;
}

KEPT void add_up() {
  sum(60);  // line: add_up
  NO_TAIL_CALL;
}

// On one line, since any of its instructions may be the one that finds no stack left.
// clang-format off
static KEPT void go_deeper(int depth) { volatile char used[4096]; used[0] = 0; if (depth != none_left) go_deeper(depth + 1); used[1] = used[0]; }  // line: go_deeper
// clang-format on

KEPT void recurse_for_ever() {
  go_deeper(0);  // line: recurse_for_ever
  NO_TAIL_CALL;
}

KEPT void pass_on() {
  try {
    refuse(none_left);  // line: pass_on
  } catch (const std::exception &) {
    throw;
  }
}

}  // namespace shop
