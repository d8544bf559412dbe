// SPDX-License-Identifier: BSL-1.0
// How long it takes to make text of a stack, in a process that has never done so. Built once for each symbolizer:
// BENCH_OURS, or one of Boost.Stacktrace's own macros. All get the same addresses. Prints wall-clock nanoseconds,
// because a symbolizer may be another process: the first stack, one of addresses not seen before, one seen before; and
// frames.
#include <chrono>
#include <cstdio>
#include <string>

#include "go/work.h"

#if defined(BENCH_OURS)
static std::string text_of(cgo_guard_error *error) { return cgo_guard_stack(error); }
#else
#include <boost/stacktrace.hpp>
static std::string text_of(cgo_guard_error *error) {
  return to_string(boost::stacktrace::stacktrace::from_dump(error->frames, error->frame_count * sizeof(void *)));
}
#endif

static std::size_t characters = 0;

static long long time_of_text(int set) {
  cgo_guard_error *const error = bench_many_frames(set);
  const auto start = std::chrono::steady_clock::now();
  characters += text_of(error).size();
  const auto stop = std::chrono::steady_clock::now();
  cgo_guard_free(error);
  return std::chrono::duration_cast<std::chrono::nanoseconds>(stop - start).count();
}

int main() {
  cgo_guard_error *const error = bench_many_frames(0);
  const auto frames = static_cast<unsigned long long>(error->frame_count);
  cgo_guard_free(error);
  const long long cold = time_of_text(0), fresh = time_of_text(1), seen = time_of_text(0);
  std::printf("%lld %lld %lld %llu\n", cold, fresh, seen, frames);
  return characters == 0;
}
