// SPDX-License-Identifier: BSL-1.0
// Interleaved rounds. On a machine that does other things as well, two figures can be compared only if whatever slowed
// the one had its chance to slow the other: A B A B and so on, and the median.
#ifndef CGO_GUARD_BENCH_MEASURE_HPP
#define CGO_GUARD_BENCH_MEASURE_HPP

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <vector>

#include "go/work.h"

namespace bench {

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 != 0 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// Does something this many times.
using work = std::function<void(std::uint64_t times)>;

/// Nanoseconds for each time it was done, one figure a round.
using series = std::vector<double>;

/// Runs every work once a round, in order. A round before the first warms up and is not counted.
inline std::vector<series> interleave(const std::vector<work> &works, std::uint64_t times, int rounds) {
  std::vector<series> result(works.size());
  for (int round = 0; round <= rounds; ++round) {
    for (std::size_t i = 0; i < works.size(); ++i) {
      const std::uint64_t start = bench_thread_time();
      works[i](times);
      const std::uint64_t stop = bench_thread_time();
      if (round > 0) result[i].push_back(static_cast<double>(stop - start) / static_cast<double>(times));
    }
  }
  return result;
}

/// The median of what `combine` makes of the two figures of each round.
template <class Combine>
double paired(const series &a, const series &b, Combine combine) {
  std::vector<double> values;
  for (std::size_t i = 0; i < a.size(); ++i) values.push_back(combine(a[i], b[i]));
  return median(values);
}

/// What a budget limits, if there is one.
enum class limit { none, ratio, difference, first };

/// One line for report.py: name, A, B, ratio, difference, limited, budget.
inline void print_row(const char *name, const series &a, const series &b, limit limited = limit::none,
                      double budget = 0) {
  static const char *const names[] = {"", "ratio", "difference", "a"};
  std::printf("%s\t%.2f\t%.2f\t%.4f\t%.2f\t%s\t%g\n", name, median(a), median(b),
              paired(a, b, [](double x, double y) { return x / y; }),
              paired(a, b, [](double x, double y) { return x - y; }), names[static_cast<int>(limited)], budget);
  std::fflush(stdout);
}

// One for each file.
void measure_calls();
void measure_zeroed_calls();
void measure_throws();
void measure_faults();
void measure_overflow();

}  // namespace bench
#endif  // CGO_GUARD_BENCH_MEASURE_HPP
