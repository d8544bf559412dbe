// SPDX-License-Identifier: BSL-1.0
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

#include "faults.hpp"
#include "support.hpp"

namespace {

template <class F>
caught run(F &&f) {
  return caught(CGO_GUARD { f(); });
}

bool contains(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }

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

GUARDED_TEST_CASE("Trap 51: a throw through a C function without unwind tables comes back") {
  const caught error = run([] { faults::call_without_unwind_tables(faults::throw_two_deep); });
  REQUIRE(error);
  CHECK(error->code == CGO_GUARD_TERMINATE);
  CHECK(std::string(error->name) == "std::runtime_error");
  CHECK(contains(message_of(error), "one"));
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
