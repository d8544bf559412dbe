// SPDX-License-Identifier: BSL-1.0
// How long it takes to record a stack, without making text of it: call sites only, as an error carries them. The same
// 25 functions and what is above them up to a guard, by us and by Boost.Stacktrace, which is asked for as many frames.
//
// Without arguments, again and again, as lines for report.py. With "ours" or "boost": the first time in a process, in
// nanoseconds of processor time.
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <vector>

#include <cgo_guard.h>
#include <cgo_guard/detail/exception/throw_stack.hpp>

#include <boost/stacktrace.hpp>

#include "measure.hpp"

namespace {

cgo_guard::detail::guard_record record;

/// What takes the stack of an exception that has come to a guard: a walk to the guard, its frames into the record.
std::uint64_t record_as_we_do() {
  cgo_guard::detail::record_throw(record);
  return record.total;
}

template <int Depth, class Innermost>
__attribute__((noinline)) int frame_of_stack(const Innermost &innermost, int value) {
  if constexpr (Depth == 1) {
    innermost();
  } else {
    // Used after the call, so that it isn't a jump.
    value += frame_of_stack<Depth - 1>(innermost, value);
    asm volatile("" : "+r"(value));
  }
  return value;
}

template <class Innermost>
bool under_many_frames(const Innermost &innermost) {
  cgo_guard_error *const error = CGO_GUARD { frame_of_stack<25>(innermost, 0); };
  if (error == nullptr) return true;
  std::fprintf(stderr, "stack_capture: %s\n", error->message);
  cgo_guard_free(error);
  return false;
}

void measure_known_frames() {
  const std::uint64_t frames = record_as_we_do();
  std::vector<const void *> dump(frames + 1);  // Boost ends it with a zero
  std::uint64_t recorded[3] = {};
  const auto figures = bench::interleave(
      {[&](std::uint64_t times) {
         for (std::uint64_t i = 0; i < times; ++i) recorded[0] = record_as_we_do();
       },
       [&](std::uint64_t times) {
         for (std::uint64_t i = 0; i < times; ++i) {
           recorded[1] = boost::stacktrace::safe_dump_to(0, dump.data(), dump.size() * sizeof dump[0]) - 1;
         }
       },
       [&](std::uint64_t times) {
         for (std::uint64_t i = 0; i < times; ++i) recorded[2] = boost::stacktrace::stacktrace(0, frames).size();
       }},
      1000, 15);
  if (frames < 25 || recorded[0] < frames || recorded[1] != frames || recorded[2] != frames) {
    throw std::runtime_error("not the same number of frames");
  }
  bench::print_row("recording a stack of 25+ frames, to Boost's safe_dump_to", figures[0], figures[1]);
  bench::print_row("recording a stack of 25+ frames, to Boost's stacktrace", figures[0], figures[2]);
}

void print_first(bool ours) {
  constexpr std::size_t about_as_many = 30;
  const std::uint64_t start = bench_thread_time();
  const std::uint64_t frames = ours ? record_as_we_do() : boost::stacktrace::stacktrace(0, about_as_many).size();
  const std::uint64_t stop = bench_thread_time();
  if (frames < 25) throw std::runtime_error("too few frames");
  std::printf("%llu\n", static_cast<unsigned long long>(stop - start));
}

}  // namespace

int main(int argc, char **argv) {
  if (argc < 2) return !under_many_frames(measure_known_frames);
  const bool ours = std::strcmp(argv[1], "ours") == 0;
  return !under_many_frames([ours] { print_first(ours); });
}
