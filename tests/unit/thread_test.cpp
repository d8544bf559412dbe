// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <vector>

#include <pthread.h>
#include <unistd.h>

#include <cgo_guard/thread.hpp>

#include "c_library.hpp"
#include "cxx_runtime.hpp"
#include "faults.hpp"
#include "support.hpp"

namespace {

caught joined(cgo_guard::thread &&thread) { return caught(thread.join_report()); }

/// What cgo_guard_on_thread_error is given while this lives.
class told {
 public:
  told() {
    errors().clear();
    cgo_guard_on_thread_error([](cgo_guard_error *error) {
      const std::lock_guard<std::mutex> lock(mutex());
      errors().emplace_back(error);
    });
  }
  ~told() { cgo_guard_on_thread_error(nullptr); }
  /// Waits for the next `count`.
  std::vector<caught> wait(std::size_t count) {
    for (int i = 0; i < 10000; ++i) {
      {
        const std::lock_guard<std::mutex> lock(mutex());
        if (errors().size() >= count) return std::move(errors());
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return {};
  }

 private:
  static std::mutex &mutex() {
    static std::mutex it;
    return it;
  }
  static std::vector<caught> &errors() {
    static std::vector<caught> all;
    return all;
  }
};

std::uint64_t count_thread_errors() {
  cgo_guard_stats stats = {};
  stats.struct_size = sizeof stats;
  cgo_guard_get_stats(&stats);
  return stats.thread_errors;
}

struct signal_stack_now : stack_t {
  signal_stack_now() : stack_t() { ::sigaltstack(nullptr, this); }
  bool exists() const { return (ss_flags & SS_DISABLE) == 0; }
};

/// Mappings of the process. A thread's own stack stays in glibc's cache, so only differences tell anything.
int count_mappings() {
  std::FILE *const maps = std::fopen("/proc/self/maps", "r");
  REQUIRE(maps != nullptr);
  int lines = 0;
  for (int c; (c = std::fgetc(maps)) != EOF;) lines += c == '\n';
  std::fclose(maps);
  return lines;
}

struct method {
  int value = 0;
  void set(int to) { value = to; }
};

static_assert(std::is_nothrow_move_constructible_v<cgo_guard::thread>);
static_assert(std::is_nothrow_move_assignable_v<cgo_guard::thread>);
static_assert(!std::is_copy_constructible_v<cgo_guard::thread>);
static_assert(std::is_same_v<cgo_guard::thread::id, std::thread::id>);

}  // namespace

GUARDED_TEST_CASE("A thread takes arguments by value, by reference, moved, and member functions, as std::thread does") {
  int by_reference = 0;
  std::string by_value = "before";
  std::string seen;
  auto owned = std::make_unique<int>(7);
  int seen_owned = 0;
  cgo_guard::thread thread(
      [&](int &reference, std::string value, std::unique_ptr<int> pointer) {
        reference = 42;
        seen = value;
        seen_owned = *pointer;
      },
      std::ref(by_reference), by_value, std::move(owned));
  by_value = "after";
  thread.join();
  CHECK(by_reference == 42);
  CHECK(seen == "before");
  CHECK(seen_owned == 7);

  method object;
  cgo_guard::thread(&method::set, &object, 9).join();
  CHECK(object.value == 9);
}

GUARDED_TEST_CASE("A thread is moved, swapped, named and asked as std::thread is") {
  std::atomic<bool> go{false};
  std::thread::id inside;
  cgo_guard::thread thread([&] {
    inside = std::this_thread::get_id();
    while (!go) std::this_thread::yield();
  });
  cgo_guard::thread none;
  CHECK_FALSE(none.joinable());
  CHECK(none.get_id() == std::thread::id());
  CHECK(thread.joinable());
  const std::thread::id id = thread.get_id();
  const auto handle = thread.native_handle();

  swap(thread, none);
  CHECK(none.get_id() == id);
  cgo_guard::thread moved(std::move(none));
  thread = std::move(moved);
  CHECK_FALSE(moved.joinable());
  CHECK(thread.native_handle() == handle);
  go = true;
  thread.join();
  CHECK(inside == id);
  CHECK_FALSE(thread.joinable());
  CHECK_THROWS_AS(thread.join(), std::system_error);
  CHECK_THROWS_AS(thread.detach(), std::system_error);
  CHECK(cgo_guard::thread::hardware_concurrency() == std::thread::hardware_concurrency());
}

GUARDED_TEST_CASE("An exception reaches join, as an exception with the report and as the report") {
  const auto fail = [] { throw std::out_of_range("item 7"); };
  cgo_guard::thread first(fail);
  try {
    first.join();
    FAIL("join returned");
  } catch (const cgo_guard::error &e) {
    CHECK(std::string(e.what()) == "item 7");
    CHECK(std::string(e.report()->name) == "std::out_of_range");
    CHECK(std::string(e.report()->function) == "cgo_guard::thread");
    CHECK(e.report()->frame_count > 0);
  }
  const caught report = joined(cgo_guard::thread(fail));
  REQUIRE(report);
  CHECK(message_of(report) == "item 7");
  CHECK_FALSE(joined(cgo_guard::thread([] {})));
}

GUARDED_TEST_CASE("Trap 27: a fault on a thread reaches join, and in a guard it is the cause of the guard's error") {
  const caught error(CGO_GUARD {
    cgo_guard::thread worker([] { faults::write_to(0x40); });
    worker.join();
  });
  REQUIRE(error);
  CHECK(error->code == CGO_GUARD_EXCEPTION);
  REQUIRE(error->cause != nullptr);
  CHECK(error->cause->number == SIGSEGV);
  CHECK(error->cause->address == 0x40);
  CHECK(error->cause->thread_id != error->thread_id);
  CHECK(error->cause->cleanup == CGO_GUARD_CLEANUP_COMPLETE);
}

GUARDED_TEST_CASE("What a thread was given is destroyed under its guard, also after a fault") {
  struct witness {
    std::shared_ptr<int> held = std::make_shared<int>(1);
  };
  witness given;
  CHECK(joined(cgo_guard::thread([](witness) { faults::write_null(); }, given)));
  CHECK(given.held.use_count() == 1);
  // The compiler knows that this throws nothing.
  const caught trapped = joined(cgo_guard::thread([](const witness &) { __builtin_trap(); }, given));
  REQUIRE(trapped);
  CHECK(trapped->cleanup == CGO_GUARD_CLEANUP_COMPLETE);
  CHECK(given.held.use_count() == 1);

  struct fails_in_destructor {
    bool armed = true;
    fails_in_destructor() = default;
    fails_in_destructor(fails_in_destructor &&other) noexcept : armed(std::exchange(other.armed, false)) {}
    ~fails_in_destructor() {
      if (armed) faults::write_null();
    }
  };
  const caught error = joined(cgo_guard::thread([](const fails_in_destructor &) {}, fails_in_destructor()));
  REQUIRE(error);
  CHECK(error->number == SIGSEGV);
}

GUARDED_TEST_CASE("Trap 28: a stack overflow reaches join, on fifty threads, and their signal stacks are given back") {
  const auto overflow = [] {
    const caught error = joined(cgo_guard::thread([] { faults::overflow_stack(0); }));
    REQUIRE(error);
    REQUIRE(contains(message_of(error), "stack overflow"));
  };
  overflow();
  const int before = count_mappings();
  for (int i = 0; i < 50; ++i) overflow();
  // A stack that is not given back is two mappings. The heap and the pool may grow by a few.
  CHECK(count_mappings() < before + 20);
}

GUARDED_TEST_CASE("The failure of a detached thread is told once, whether it fails before or after") {
  told all;
  const std::uint64_t before = count_thread_errors();
  constexpr int rounds = 200;
  for (int i = 0; i < rounds; ++i) {
    cgo_guard::thread thread([i] { throw std::runtime_error(std::to_string(i)); });
    if (i % 2 != 0) std::this_thread::sleep_for(std::chrono::microseconds(i));
    thread.detach();
  }
  std::vector<bool> seen(rounds);
  for (const caught &error : all.wait(rounds)) {
    const auto number = static_cast<std::size_t>(std::stoi(message_of(error)));
    CHECK_FALSE(seen[number]);
    seen[number] = true;
  }
  CHECK(std::count(seen.begin(), seen.end(), true) == rounds);
  CHECK(count_thread_errors() == before + rounds);
}

GUARDED_TEST_CASE("Trap 51: destroying or assigning to a joinable thread comes back, and what it failed of is told") {
  told all;
  const caught destroyed(CGO_GUARD { cgo_guard::thread forgotten([] { throw std::runtime_error("forgotten"); }); });
  REQUIRE(destroyed);
  CHECK(destroyed->code == CGO_GUARD_TERMINATE);
  CHECK(message_of(all.wait(1).at(0)) == "forgotten");

  cgo_guard::thread thread([] { throw std::runtime_error("assigned to"); });
  const caught assigned(CGO_GUARD { thread = cgo_guard::thread(); });
  REQUIRE(assigned);
  CHECK(assigned->code == CGO_GUARD_TERMINATE);
  CHECK(message_of(all.wait(1).at(0)) == "assigned to");
}

GUARDED_TEST_CASE("enter_thread makes a thread that somebody else started safe") {
  told all;
  std::thread([] {
    CHECK_FALSE(signal_stack_now().exists());
    const bool good = cgo_guard::enter_thread([] {});
    CHECK(signal_stack_now().exists());
    const bool bad = cgo_guard::enter_thread([] { faults::overflow_stack(0); });
    const bool after = cgo_guard::enter_thread([] { throw 42; });
    CHECK(good);
    CHECK_FALSE(bad);
    CHECK_FALSE(after);
  }).join();
  const std::vector<caught> errors = all.wait(2);
  REQUIRE(errors.size() == 2);
  CHECK(contains(message_of(errors[0]), "stack overflow"));
  CHECK(contains(errors[0]->file, "thread_test.cpp"));
  CHECK(message_of(errors[1]) == "42");
}

GUARDED_TEST_CASE("An alternate stack that a thread has is left alone") {
  std::thread([] {
    std::vector<char> memory(64 * 1024);
    stack_t own = {}, none = {};
    own.ss_sp = memory.data();
    own.ss_size = memory.size();
    none.ss_flags = SS_DISABLE;
    sigaltstack(&own, nullptr);
    CHECK(cgo_guard::prepare_this_thread());
    CHECK(signal_stack_now().ss_sp == own.ss_sp);
    sigaltstack(&none, nullptr);
  }).join();
}

// Keys are destroyed in rounds, and the runtimes that others bring along run code in theirs.
GUARDED_TEST_CASE("Trap 28: the signal stack outlasts what other keys run in their first two rounds") {
  static pthread_key_t key;
  static std::atomic<int> rounds, rounds_with_stack;
  rounds = rounds_with_stack = 0;
  REQUIRE(pthread_key_create(&key, [](void *value) {
            ++rounds;
            if (signal_stack_now().exists()) ++rounds_with_stack;
            if (rounds < 4) pthread_setspecific(key, value);
          }) == 0);
  CHECK_FALSE(joined(cgo_guard::thread([] { pthread_setspecific(key, &key); })));
  pthread_key_delete(key);
  CHECK(rounds == 4);
  CHECK(rounds_with_stack >= 2);
  CHECK(rounds_with_stack < 4);
}

GUARDED_TEST_CASE("Trap 49: cancelling a thread and pthread_exit unwind through the guard, and are no failures") {
  if (!cxx_runtime::threads_can_be_unwound()) SKIP_CASE(cxx_runtime::why_threads_cannot_be_unwound);
  static std::atomic<int> destroyed;
  struct counts {
    ~counts() { ++destroyed; }
  };
  destroyed = 0;
  cgo_guard::thread cancelled([] {
    const counts local;
    for (;;) pause();
  });
  pthread_cancel(cancelled.native_handle());
  CHECK_FALSE(caught(cancelled.join_report()));
  CHECK_FALSE(joined(cgo_guard::thread([] {
    const counts local;
    pthread_exit(nullptr);
  })));
  CHECK(destroyed >= 1);  // the first may have been cancelled before it was there
}

DEATH_CASE(thread_errors_are_printed) {
  std::thread([] { cgo_guard::enter_thread([] { throw std::runtime_error("nobody wants me"); }); }).join();
}
TEST_CASE("Without a handler the failure of a thread that nobody joins is printed, and what can be done") {
  const death d = die(thread_errors_are_printed);
  CHECK(d.exit_status == 0);
  CHECK(contains(d.output, "nobody joins it"));
  CHECK(contains(d.output, "cgo_guard_on_thread_error"));
  CHECK(contains(d.output, "std::runtime_error: nobody wants me"));
  CHECK(contains(d.output, "thread_errors_are_printed"));
}

DEATH_CASE(thread_corrupts_the_heap) {
  const caught error = joined(cgo_guard::thread(faults::double_free));
  const caught refused = joined(cgo_guard::thread([] { std::printf("it ran "); }));
  std::printf("%s, %s", error ? error->name : "no error",
              refused && refused->code == CGO_GUARD_QUARANTINED ? "refused" : "run");
}
TEST_CASE("Trap 36: a thread that corrupts the heap ends without touching it again") {
  if (!c_library::malloc_notices) SKIP_CASE(c_library::why_malloc_does_not_notice);
  const death d = die(thread_corrupts_the_heap);
  CHECK(d.exit_status == 0);
  CHECK(contains(d.output, "SIGABRT, refused"));
}

DEATH_CASE(bare_thread_faults) {
  take_the_signals();
  std::thread([] { faults::write_null(); }).join();
}
DEATH_CASE(bare_thread_overflows) {
  take_the_signals();
  std::thread([] { static_cast<void>(caught(CGO_GUARD { faults::overflow_stack(0); })); }).join();
}
TEST_CASE("Trap 27: a fault on a thread without a guard ends the process") {
  CHECK(die(bare_thread_faults).signal == SIGSEGV);
}
TEST_CASE("Trap 28: a stack overflow on a thread without a signal stack ends the process, guard or not") {
  CHECK(die(bare_thread_overflows).signal == SIGSEGV);
}

GUARDED_TEST_CASE("The site of a thread's failure is where it was started, not a line of the library") {
  const auto is_here = [](cgo_guard::thread &&started, int line) {
    const caught error = joined(std::move(started));
    REQUIRE(error);
    CHECK(contains(error->file, "thread_test.cpp"));
    CHECK(error->line == line);
  };
  is_here(cgo_guard::thread([] { throw 0; }), __LINE__);
  is_here(cgo_guard::thread([](int) { throw 1; }, 1), __LINE__);
  is_here(cgo_guard::thread([](int, const char *) { throw 2; }, 1, "two"), __LINE__);
  is_here(cgo_guard::thread([](int, const char *, int) { throw 3; }, 1, "two", 3), __LINE__);
  const caught error = joined(cgo_guard::thread([](int, int, int, int) { throw 4; }, 1, 2, 3, 4));
  REQUIRE(error);
  CHECK(std::string(error->file).empty());
  CHECK(contains(cgo_guard_describe(error.get()), "guard:   cgo_guard::thread, thread "));
}
