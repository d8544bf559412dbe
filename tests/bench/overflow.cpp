// SPDX-License-Identifier: BSL-1.0
// A recursion that eats a stack of 8 MB, on a thread of its own.
#include <pthread.h>
#include <setjmp.h>

#include <csignal>
#include <cstring>
#include <vector>

#include <cgo_guard.h>

#include "measure.hpp"

namespace {

constexpr std::size_t stack_size = 8 << 20;
constexpr double budget = 10e6;  // ns

template <int Room>
__attribute__((noinline)) int recurse(int depth) {
  volatile char room[Room];
  room[depth % Room] = 1;
  asm volatile("" : "+r"(depth));
  if (depth < 0) return 0;
  return recurse<Room>(depth + 1) + room[depth % Room];
}

template <int Room>
void overflow_into_guard(std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i) {
    cgo_guard_free(CGO_GUARD { recurse<Room>(0); });
  }
}

sigjmp_buf back;

template <int Room>
void overflow_into_sigsetjmp(std::uint64_t times) {
  struct sigaction action, saved;
  std::memset(&action, 0, sizeof action);
  action.sa_handler = [](int signal) { siglongjmp(back, signal); };
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGSEGV, &action, &saved);
  for (volatile std::uint64_t i = 0; i < times; i = i + 1) {
    if (sigsetjmp(back, 1) == 0) recurse<Room>(0);
  }
  sigaction(SIGSEGV, &saved, nullptr);
}

template <int Room>
void measure(const char *name) {
  // The round that is not counted is the one in which the kernel provides the pages of the stack.
  const auto figures = bench::interleave({overflow_into_guard<Room>, overflow_into_sigsetjmp<Room>}, 1, 15);
  bench::print_row(name, figures[0], figures[1], bench::limit::first, budget);
}

void *run(void *) {
  std::vector<char> memory(64 * 1024);
  stack_t stack = {};
  stack.ss_sp = memory.data();
  stack.ss_size = memory.size();
  sigaltstack(&stack, nullptr);
  measure<8>("8 MB overflow to error, smallest frames, to bare");
  measure<200>("8 MB overflow to error, frames of 200 bytes, to bare");
  stack.ss_flags = SS_DISABLE;
  sigaltstack(&stack, nullptr);
  return nullptr;
}

}  // namespace

void bench::measure_overflow() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_size);
  pthread_t thread;
  if (pthread_create(&thread, &attributes, run, nullptr) == 0) pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}
