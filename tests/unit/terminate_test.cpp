// SPDX-License-Identifier: BSL-1.0
#include <csignal>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

#include <pthread.h>
#include <unistd.h>

#include "faults.hpp"
#include "support.hpp"

namespace {

template <class F>
caught run(F &&f) {
  return caught(CGO_GUARD { f(); });
}

}  // namespace

GUARDED_TEST_CASE("Trap 51: a broken noexcept comes back with the exception's type, text and stack") {
  const caught error = run(faults::break_noexcept);
  REQUIRE(error);
  CHECK(error->code == CGO_GUARD_TERMINATE);
  CHECK(error->number == 0);
  CHECK(std::string(error->name) == "std::runtime_error");
  CHECK(contains(message_of(error), "one"));
  const std::string stack = cgo_guard_stack(error.get());
  INFO(stack);
  CHECK(contains(stack, "promise_not_to_throw"));
  CHECK_FALSE(contains(stack, "std::terminate"));
  CHECK_FALSE(contains(stack, "_Unwind"));
  CHECK(std::current_exception() == nullptr);
  CHECK(std::uncaught_exceptions() == 0);
}

GUARDED_TEST_CASE("Trap 51: a throw from a destructor during unwinding comes back as the second exception") {
  const caught error = run(faults::throw_in_destructor_while_unwinding);
  REQUIRE(error);
  CHECK(error->code == CGO_GUARD_TERMINATE);
  CHECK(std::string(error->name) == "std::logic_error");
  CHECK(contains(message_of(error), "two"));
  CHECK(std::uncaught_exceptions() == 0);
}

GUARDED_TEST_CASE("Trap 51: a direct call of std::terminate comes back") {
  const caught error = run([] { std::terminate(); });
  REQUIRE(error);
  CHECK(error->code == CGO_GUARD_TERMINATE);
  CHECK(std::string(error->name).empty());
}

GUARDED_TEST_CASE("Trap 51: a pure virtual call comes back") {
  const caught error = run(faults::call_pure_virtual);
  REQUIRE(error);
  CHECK(error->code == CGO_GUARD_TERMINATE);
  CHECK(contains(message_of(error), "pure virtual method called"));
}

GUARDED_TEST_CASE("Trap 51: a joinable thread that is destroyed comes back") {
  const caught error = run(faults::terminate_with_joinable_thread);
  REQUIRE(error);
  CHECK(error->code == CGO_GUARD_TERMINATE);
  const std::string stack = cgo_guard_stack(error.get());
  CHECK(contains(stack, "terminate_with_joinable_thread"));
}

namespace {
void (*volatile throws)() = [] { throw std::runtime_error("the cause of it all"); };
__attribute__((noinline)) void unwind_past_joinable_thread() {
  std::thread t([] {});
  struct joins_first {  // the thread object stays joinable as far as its destructor knows
    pthread_t handle;
    ~joins_first() { pthread_join(handle, nullptr); }
  } const joins{t.native_handle()};
  throws();
}
}  // namespace

GUARDED_TEST_CASE("A joinable thread that is destroyed by an exception comes back with that exception") {
  for (const bool of_a_library : {false, true}) {
    const std::terminate_handler ours = std::get_terminate();
    if (of_a_library) std::set_terminate([] { std::abort(); });
    const caught error(CGO_GUARD { unwind_past_joinable_thread(); });
    std::set_terminate(ours);
    REQUIRE(error);
    CHECK(error->code == CGO_GUARD_TERMINATE);
    CHECK(error->name == std::string("std::runtime_error"));
    CHECK(message_of(error) == "the cause of it all");
    CHECK(std::uncaught_exceptions() == 0);
  }
}

// Optimised, such code keeps no pointer to the exception: it will never resume it.
GUARDED_TEST_CASE("A joinable thread that is destroyed where the exception is thrown comes back with it too") {
  const caught error(CGO_GUARD {
    const std::thread joinable([] { pause(); });
    throw std::runtime_error("the cause of it all");
  });
  REQUIRE(error);
  CHECK(error->code == CGO_GUARD_TERMINATE);
  CHECK(error->name == std::string("std::runtime_error"));
  CHECK(message_of(error) == "the cause of it all");
  CHECK(std::uncaught_exceptions() == 0);
}

GUARDED_TEST_CASE("An exception outside the guard is not what its std::terminate is about") {
  std::string message;
  struct terminates_in_guard {
    std::string &text;
    ~terminates_in_guard() {
      const caught error(CGO_GUARD { std::terminate(); });
      if (error) text = message_of(error);
    }
  };
  try {
    const terminates_in_guard t{message};
    throw std::logic_error("outside");
  } catch (const std::logic_error &) {
  }
  CHECK(message == "called with no exception in flight");
}

GUARDED_TEST_CASE("Trap 51: a throw through a C function without unwind tables comes back") {
  const caught error = run([] { faults::call_without_unwind_tables(faults::throw_two_deep); });
  REQUIRE(error);
  CHECK(error->code == CGO_GUARD_TERMINATE);
  CHECK(std::string(error->name) == "std::runtime_error");
  CHECK(contains(message_of(error), "one"));
  CHECK(std::current_exception() == nullptr);
}

GUARDED_TEST_CASE("Trap 51: a terminate handler that a library set later still ends at the guard") {
  const std::terminate_handler ours = std::set_terminate([] { std::abort(); });
  const caught error = run(faults::break_noexcept);
  std::set_terminate(ours);
  REQUIRE(error);
  CHECK(error->code == CGO_GUARD_TERMINATE);
  CHECK(std::string(error->name) == "std::runtime_error");
  CHECK(contains(message_of(error), "one"));
}

GUARDED_TEST_CASE("Terminate works a thousand times over") {
  int failures = 0;
  for (int i = 0; i < 1000; ++i) {
    const caught error = run(faults::break_noexcept);
    if (!error || error->code != CGO_GUARD_TERMINATE) ++failures;
  }
  CHECK(failures == 0);
}

DEATH_CASE(foreign_thread_terminates) {
  std::set_terminate([] {
    std::fputs("the program's own terminate handler", stderr);
    std::abort();
  });
  take_the_signals();
  std::thread([] { throw std::runtime_error("nobody catches me"); }).join();
}
TEST_CASE("Trap 52: std::terminate outside every guard goes to the handler that was there before") {
  const death d = die(foreign_thread_terminates);
  CHECK(d.signal == SIGABRT);
  CHECK(contains(d.output, "the program's own terminate handler"));
}
