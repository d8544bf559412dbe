// SPDX-License-Identifier: BSL-1.0
// What an exception costs that becomes an error, and what the header costs exceptions that have nothing to do with it.
#include <string>

#include "measure.hpp"

void bench::measure_throws() {
  for (const int depth : {1, 10, 30}) {
    const auto figures =
        interleave({[depth](std::uint64_t times) {
                      for (std::uint64_t i = 0; i < times; ++i) cgo_guard_free(bench_guarded_throw(depth));
                    },
                    [depth](std::uint64_t times) { bench_plain_throws(depth, times); },
                    [depth](std::uint64_t times) { bench_caught_throws(depth, times); },
                    [depth](std::uint64_t times) { cgo_guard_free(bench_caught_throws_in_guard(depth, times)); }},
                   1000, 15);
    const std::string at = " at depth " + std::to_string(depth);
    print_row(("throw to error" + at + ", to plain throw+catch").c_str(), figures[0], figures[1]);
    print_row(("own throw+catch in a guard" + at + ", to plain").c_str(), figures[3], figures[1]);
    print_row(("own throw+catch, no guard" + at + ", to plain").c_str(), figures[2], figures[1]);
  }
}
