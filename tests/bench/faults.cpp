// SPDX-License-Identifier: BSL-1.0
// What a fault costs that becomes an error.
#include "measure.hpp"

void bench::measure_faults() {
  const auto figures = interleave({[](std::uint64_t times) {
                                     for (std::uint64_t i = 0; i < times; ++i) cgo_guard_free(bench_guarded_fault());
                                   },
                                   bench_bare_faults},
                                  2000, 25);
  print_row("SIGSEGV to error, to bare sigsetjmp in C", figures[0], figures[1]);
}
