// SPDX-License-Identifier: BSL-1.0
/// @file openmp_test.cpp
/// Workers of OpenMP, which somebody else starts and keeps: a program of its own, because all of it needs -fopenmp.

#include <atomic>
#include <csignal>
#include <string>

#include <omp.h>

#include "faults.hpp"
#include "support.hpp"

namespace {

std::atomic<int> overflows, faults_seen, others;

void sort_by_message(cgo_guard_error *error) {
  const caught owned(error);
  if (message_of(owned).find("stack overflow") != std::string::npos) {
    ++overflows;
  } else if (owned->number == SIGSEGV && owned->address >= 0x100) {
    ++faults_seen;
  } else {
    ++others;
  }
}

}  // namespace

GUARDED_TEST_CASE("Trap 27: workers of OpenMP may fault and overflow their stacks, and go on to the next region") {
  cgo_guard_on_thread_error(sort_by_message);
  constexpr int workers = 4;
  constexpr int regions = 5;
  std::atomic<int> threads{0}, successes{0};
  for (int region = 0; region < regions; ++region) {
#pragma omp parallel num_threads(workers)
    {
      ++threads;
      const int number = omp_get_thread_num();
      // The first is the thread of this test, which has the signal stack that its process gave it, if any.
      if (number == 1) cgo_guard::enter_thread([] { faults::overflow_stack(0); });
      if (number == 2) cgo_guard::enter_thread([] { faults::write_to(0x100); });
      if (number == 3 && cgo_guard::enter_thread([] {})) ++successes;
    }
  }
  cgo_guard_on_thread_error(nullptr);
  CHECK(threads == workers * regions);
  CHECK(overflows == regions);
  CHECK(faults_seen == regions);
  CHECK(successes == regions);
  CHECK(others == 0);
}
