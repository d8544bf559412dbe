// SPDX-License-Identifier: BSL-1.0
#include <cstdlib>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>
#include <unistd.h>

#include "cxx_runtime.hpp"
#include "faults.hpp"
#include "support.hpp"

namespace {

#define KEEP asm volatile("" ::: "memory")

/// What was seen where, in the order of seeing: a letter, and std::uncaught_exceptions() there.
std::string seen;
void note(char where) { seen += where + std::to_string(std::uncaught_exceptions()); }

/// A scope guard: rolls back where it is left by an exception.
struct transaction {
  char name;
  int before = std::uncaught_exceptions();
  explicit transaction(char n) : name(n) {}
  ~transaction() { seen += name + std::string(std::uncaught_exceptions() > before ? "-" : "+"); }
};

std::function<void()> failure;  // behind a pointer, so that no compiler knows that it never throws

__attribute__((noinline)) void inner_work() {
  const transaction t('i');
  failure();
  KEEP;
}
__attribute__((noinline)) void work() {
  const transaction t('o');
  inner_work();
  KEEP;
}

__attribute__((noinline)) void work_and_rethrow() {
  const transaction whole('w');
  try {
    const transaction t('t');
    failure();
    KEEP;
  } catch (...) {
    note('c');
    const transaction in_handler('h');
    throw;
  }
}

caught fail_in(void (*block)(), std::function<void()> how) {
  seen.clear();
  failure = std::move(how);
  return caught(CGO_GUARD { block(); });
}

bool nothing_is_left() { return std::uncaught_exceptions() == 0 && std::current_exception() == nullptr; }

struct catching_exits {
  catching_exits() { set(1); }
  ~catching_exits() { set(0); }
  static void set(int on) {
    cgo_guard_options options = {};
    options.struct_size = sizeof options;
    options.catch_exit = on;
    cgo_guard_configure(&options);
  }
};

const std::vector<std::function<void()>> &all_failures() {
  static const std::vector<std::function<void()>> all = {
      [] { throw 1; },
      [] { faults::write_null(); },
      [] { faults::call_null(); },
      [] { faults::arithmetic_exception(); },
      [] { faults::trap_instruction(); },
      [] { faults::breakpoint(); },
      [] { faults::bus_error(); },
      [] { std::abort(); },
      [] { faults::assert_three_deep(1); },
      [] { std::terminate(); },
      [] { faults::call_pure_virtual(); },
      [] { std::exit(3); },
      [] { _exit(3); },
  };
  return all;
}

template <class F>
void on_thread_with_stack(std::size_t size, F &&body) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, size);
  pthread_t thread;
  REQUIRE(pthread_create(
              &thread, &attributes,
              [](void *f) -> void * {
                cgo_guard::prepare_this_thread();
                (*static_cast<F *>(f))();
                return nullptr;
              },
              &body) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

}  // namespace

GUARDED_TEST_CASE("A scope guard rolls back for every failure, as it does for a throw") {
  const catching_exits on;
  for (const auto &how : all_failures()) {
    CHECK(fail_in(work, how));
    CHECK(seen == "i-o-");
    CHECK(nothing_is_left());
  }
  CHECK_FALSE(fail_in(work, [] {}));
  CHECK(seen == "i+o+");
}

GUARDED_TEST_CASE("A scope guard rolls back on a thread of C++ as well") {
  const catching_exits on;
  std::vector<std::string> stories;
  bool clean = true;
  std::thread([&] {
    for (const auto &how : all_failures()) {
      if (fail_in(work, how)) stories.push_back(seen);
      clean = clean && nothing_is_left();
    }
  }).join();
  CHECK(stories == std::vector<std::string>(all_failures().size(), "i-o-"));
  CHECK(clean);
}

GUARDED_TEST_CASE("A catch (...) that a failure enters counts exceptions as one that a throw enters") {
  if (!cxx_runtime::is_shared()) SKIP_CASE(cxx_runtime::why_not_shared);
  const catching_exits on;
  for (const auto &how : all_failures()) {
    CHECK(fail_in(work_and_rethrow, how));
    CHECK(seen == "t-c0h-w-");
    CHECK(nothing_is_left());
  }
}

GUARDED_TEST_CASE("A scope guard rolls back where the stack ran out") {
  std::string story;
  caught error;
  on_thread_with_stack(std::size_t{256} * 1024, [&] {
    error = fail_in(work, [] { faults::overflow_stack(0); });
    story = seen;
  });
  REQUIRE(error);
  CHECK(story == "i-o-");
}

namespace {
struct guards_inside {
  ~guards_inside() {
    const transaction harmless('n');
    const caught error(CGO_GUARD {
      const transaction t('g');
      failure();
      KEEP;
    });
    note('a');
  }
};
__attribute__((noinline)) void with_guard_in_destructor() {
  const transaction t('o');
  const guards_inside g;
  failure();
  KEEP;
}

struct throws_inside {
  ~throws_inside() {
    try {
      const transaction t('t');
      faults::throw_two_deep();
    } catch (const std::exception &) {
      note('c');
    }
    note('a');
  }
};
__attribute__((noinline)) void with_throw_in_destructor() {
  const transaction t('o');
  const throws_inside inside;
  failure();
  KEEP;
}
}  // namespace

GUARDED_TEST_CASE("A guard in a destructor that a fault runs counts from what it found") {
  for (void (*how)() : {+[] { faults::write_null(); }, +[] { std::abort(); }, +[] { faults::throw_two_deep(); }}) {
    CHECK(fail_in(with_guard_in_destructor, how));
    CHECK(seen == "g-a1n+o-");
    CHECK(nothing_is_left());
  }
}

GUARDED_TEST_CASE("A destructor that a fault runs may throw and catch") {
  for (void (*how)() : {+[] { faults::write_null(); }, +[] { faults::throw_two_deep(); }}) {
    CHECK(fail_in(with_throw_in_destructor, how));
    CHECK(seen == "t-c1a1o-");
    CHECK(nothing_is_left());
  }
}

GUARDED_TEST_CASE("A guard that runs while an exception is in flight leaves it counted") {
  if (!cxx_runtime::is_shared()) SKIP_CASE(cxx_runtime::why_not_shared);
  struct guards_while_unwinding {
    ~guards_while_unwinding() {
      const caught error(CGO_GUARD { work_and_rethrow(); });
      note('a');
    }
  };
  for (void (*how)() : {+[] { faults::write_null(); }, +[] { faults::throw_two_deep(); }}) {
    seen.clear();
    failure = how;
    try {
      const guards_while_unwinding g;
      throw 1;
    } catch (int) {
      note('e');
    }
    CHECK(seen == "t-c1h-w-a1e0");
  }
}

namespace {
__attribute__((noinline)) void guards_in_handler() {
  const transaction t('o');
  try {
    failure();
    KEEP;
  } catch (...) {
    const caught error(CGO_GUARD {
      const transaction in_guard('g');
      failure();
      KEEP;
    });
    note('c');
    throw;
  }
}
}  // namespace

GUARDED_TEST_CASE("A guard that fails inside a catch (...) leaves that clause what it has caught") {
  if (!cxx_runtime::is_shared()) SKIP_CASE(cxx_runtime::why_not_shared);
  for (void (*how)() : {+[] { faults::write_null(); }, +[] { faults::throw_two_deep(); }}) {
    const caught error = fail_in(guards_in_handler, how);
    REQUIRE(error);
    CHECK(error->cleanup == CGO_GUARD_CLEANUP_COMPLETE);
    CHECK(seen == "g-c0o-");
    CHECK(nothing_is_left());
  }
}

namespace {
struct breaks_its_promise : std::exception {
  const char *what() const noexcept override { return (*volatile_throw)(), "never"; }
  static void (*volatile volatile_throw)();
};
void (*volatile breaks_its_promise::volatile_throw)() = [] { throw 1; };
void (*volatile rethrow_nothing)() = [] { throw; };
}  // namespace

GUARDED_TEST_CASE("A what() that breaks its noexcept leaves no exception in the thread") {
  const caught error(CGO_GUARD { throw breaks_its_promise(); });
  REQUIRE(error);
  CHECK(message_of(error) == "(what() threw int, although it is noexcept)");
  CHECK(nothing_is_left());
}

GUARDED_TEST_CASE("A throw without an exception is not counted as one in flight") {
  for (int i = 0; i < 2; ++i) {
    const caught error(CGO_GUARD { rethrow_nothing(); });
    REQUIRE(error);
    CHECK(error->code == CGO_GUARD_TERMINATE);
    CHECK(nothing_is_left());
  }
  const caught error = fail_in(work, rethrow_nothing);
  CHECK(seen == "i-o-");

  // Nor is one taken for it that is in flight outside the guard.
  int before = -1, after = -1;
  struct fails_in_guard {
    int &before, &after;
    ~fails_in_guard() {
      before = std::uncaught_exceptions();
      const caught inner(CGO_GUARD { rethrow_nothing(); });
      after = std::uncaught_exceptions();
    }
  };
  try {
    const fails_in_guard f{before, after};
    throw std::logic_error("outside");
  } catch (const std::logic_error &) {
  }
  CHECK(before == 1);
  CHECK(after == 1);
}

namespace {
struct counted {
  static int live;
  counted() { ++live; }
  counted(const counted &) { ++live; }
  ~counted() { --live; }
};
int counted::live = 0;

/// Nested in as many handlers, of which the innermost faults without room for a destructor.
__attribute__((noinline)) int nest(int depth) {
  volatile char room[64];
  room[0] = 1;
  try {
    throw counted();
  } catch (const counted &) {
    return (depth == 0 ? faults::overflow_stack(0) : nest(depth - 1)) + room[0];
  }
}
}  // namespace

GUARDED_TEST_CASE("However many exceptions were being handled in frames that were skipped, none is left") {
  bool clean = false, clean_later = false;
  caught error, later;
  std::string story;
  on_thread_with_stack(std::size_t{256} * 1024, [&] {
    // A hundred handlers in the last 64 KiB, where no destructor runs.
    error = caught(CGO_GUARD {
      void *const room = __builtin_alloca(std::size_t{200} * 1024);
      asm volatile("" : : "r"(room) : "memory");
      nest(100);
    });
    clean = nothing_is_left();
    later = fail_in(work_and_rethrow, [] { faults::write_null(); });
    clean_later = nothing_is_left();
  });
  REQUIRE(error);
  CHECK(error->skipped > 64);
  CHECK(clean);
  CHECK(counted::live == 0);
  REQUIRE(later);
  CHECK(later->cleanup == CGO_GUARD_CLEANUP_COMPLETE);
  CHECK(clean_later);
}
