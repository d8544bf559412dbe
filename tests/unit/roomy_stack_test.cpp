// SPDX-License-Identifier: BSL-1.0
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cgo_guard/detail/guard/roomy_stack.hpp>

#include "c_library.hpp"
#include "faults.hpp"
#include "support.hpp"

namespace {

constexpr std::size_t smallest = 16 * 1024;  // PTHREAD_STACK_MIN of x86-64

/// Runs body() on a thread of the smallest size. On that it can't be checked by Catch2, which needs more.
void run_on_smallest_thread(void (*body)()) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, smallest);
  pthread_t thread;
  const int failed = pthread_create(
      &thread, &attributes,
      [](void *function) -> void * {
        reinterpret_cast<void (*)()>(function)();
        return nullptr;
      },
      reinterpret_cast<void *>(body));
  pthread_attr_destroy(&attributes);
  if (failed == 0) pthread_join(thread, nullptr);
}

std::string text;
void describe(cgo_guard_error *error) {
  text = error != nullptr ? cgo_guard_describe(error) : "no error";
  cgo_guard_free(error);
}

void describe_fault() {
  describe(CGO_GUARD { faults::write_null(); });
}

}  // namespace

GUARDED_TEST_CASE("A thread with the smallest stack there is can print what it failed of, with names") {
  run_on_smallest_thread(describe_fault);
  CHECK(contains(text, "null pointer write at 0x0"));
  CHECK(contains(text, "faults::write_null"));
  run_on_smallest_thread([] { describe(CGO_GUARD { faults::throw_two_deep(); }); });
  CHECK(contains(text, "one"));
  CHECK(contains(text, "faults::throw_two_deep"));
  run_on_smallest_thread([] { describe(CGO_GUARD { faults::assert_three_deep(7); }); });
  CHECK(contains(text, "the answer"));
  run_on_smallest_thread([] { describe(CGO_GUARD { faults::break_noexcept(); }); });
  CHECK(contains(text, "one"));
}

DEATH_CASE(first_guard_on_smallest_thread) {
  run_on_smallest_thread([] {
    cgo_guard::enter_thread([] { faults::write_null(); });
    cgo_guard::enter_thread([] { faults::throw_two_deep(); });
    cgo_guard::enter_thread([] { faults::overflow_stack(0); });
    static_cast<void>(CGO_GUARD_VALUE(static_cast<cgo_guard_error **>(nullptr)) { return faults::read_null(); });
  });
}
TEST_CASE("A library's thread with the smallest stack there is reports what ended its work, and goes on") {
  const death d = die(first_guard_on_smallest_thread);
  CHECK(d.exit_status == 0);
  CHECK(contains(d.output, "null pointer write at 0x0"));
  CHECK(contains(d.output, "faults::throw_two_deep"));
  CHECK(contains(d.output, "stack overflow"));
  CHECK(contains(d.output, "faults::read_null"));
}

GUARDED_TEST_CASE("On a stack that is not the thread's own, names are looked up on one that is known to have room") {
#if C_LIBRARY_HAS_CONTEXTS
  static ucontext_t here, fiber;
  getcontext(&fiber);
  void *const memory = mmap(nullptr, smallest, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  fiber.uc_stack.ss_sp = memory;
  fiber.uc_stack.ss_size = smallest;
  fiber.uc_link = &here;
  makecontext(&fiber, describe_fault, 0);
  swapcontext(&here, &fiber);
  munmap(memory, smallest);
  CHECK(contains(text, "null pointer write at 0x0"));
  CHECK(contains(text, "faults::write_null"));
#else
  SKIP_CASE(c_library::why_no_contexts);
#endif
}

GUARDED_TEST_CASE("Where there is room, work stays where it is") {
  const auto stays = [] {
    const char mark = 0;
    const void *frame = nullptr;
    cgo_guard::detail::with_roomy_stack([&]() noexcept { frame = __builtin_frame_address(0); });
    const auto distance = reinterpret_cast<std::intptr_t>(&mark) - reinterpret_cast<std::intptr_t>(frame);
    return std::abs(distance) < 4096;
  };
  bool stays_on_thread = false;
  std::thread([&] { stays_on_thread = stays(); }).join();
  CHECK(stays());
  CHECK(stays_on_thread);
}
