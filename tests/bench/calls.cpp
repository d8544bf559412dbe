// SPDX-License-Identifier: BSL-1.0
// What a call costs that succeeds: bare, and behind each kind of barrier.
#include <setjmp.h>

#include <cgo_guard.h>

#include "measure.hpp"

namespace {

// Each is called, not inlined, as an export would be, and calls work that no compiler sees into.
#define BENCH_EXPORT __attribute__((noinline)) const void *

BENCH_EXPORT plain() {
  bench_work();
  return nullptr;
}

BENCH_EXPORT with_try() {
  try {
    bench_work();
  } catch (...) {
    return "caught";
  }
  return nullptr;
}

BENCH_EXPORT with_guard() {
  return CGO_GUARD { bench_work(); };
}

BENCH_EXPORT with_guarded_value() {
  cgo_guard_error *error = nullptr;
  const int value = CGO_GUARD_VALUE(&error) {
    bench_work();
    return 1;
  };
  asm volatile("" : : "r"(value));
  return error;
}

BENCH_EXPORT with_sigsetjmp() {
  static thread_local sigjmp_buf back;
  if (sigsetjmp(back, 0) != 0) return "jumped";
  bench_work();
  return nullptr;
}

template <const void *(*Export)()>
void repeat(std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i) {
    const void *const result = Export();
    asm volatile("" : : "r"(result));
  }
}

}  // namespace

// Compiled a second time with every local variable zeroed.
#ifdef BENCH_ZEROED
void bench::measure_zeroed_calls() {
  const auto figures = interleave({repeat<with_try>, repeat<with_guard>, repeat<with_guarded_value>}, 500000, 31);
  print_row("CGO_GUARD, minus try/catch, locals zeroed", figures[1], figures[0], limit::difference, 1.5);
  print_row("CGO_GUARD_VALUE, minus try/catch, locals zeroed", figures[2], figures[0], limit::difference, 2.5);
}
#else
void bench::measure_calls() {
  const auto figures = interleave(
      {repeat<plain>, repeat<with_try>, repeat<with_guard>, repeat<with_guarded_value>, repeat<with_sigsetjmp>}, 500000,
      31);
  print_row("CGO_GUARD, minus try/catch", figures[2], figures[1], limit::difference, 1.5);
  print_row("CGO_GUARD_VALUE, minus try/catch", figures[3], figures[1], limit::difference, 2.5);
  print_row("try/catch, to a plain call", figures[1], figures[0]);
  print_row("CGO_GUARD, to a plain call", figures[2], figures[0]);
  print_row("sigsetjmp without mask, to a plain call", figures[4], figures[0]);
}
#endif
