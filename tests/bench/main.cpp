// SPDX-License-Identifier: BSL-1.0
// The benchmarks of plain C++, without Go.
#include <csignal>
#include <vector>

#include "measure.hpp"

int main() {
  // Go gives each of its threads one; here it is ours to do. Both sides of every comparison run on it.
  std::vector<char> memory(256 * 1024);
  stack_t stack = {};
  stack.ss_sp = memory.data();
  stack.ss_size = memory.size();
  sigaltstack(&stack, nullptr);

  bench::measure_calls();
  bench::measure_zeroed_calls();
  bench::measure_faults();
  bench::measure_throws();
  bench::measure_overflow();
  stack.ss_flags = SS_DISABLE;
  sigaltstack(&stack, nullptr);
}
