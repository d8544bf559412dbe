// SPDX-License-Identifier: BSL-1.0
// Failures in signal handlers that run on a stack of their own, wherever that is.
#include <csignal>
#include <exception>
#include <string>

#include <pthread.h>
#include <sys/mman.h>

#include "faults.hpp"
#include "support.hpp"

namespace {

#define KEEP asm volatile("" ::: "memory")

std::string trail;
int live_exceptions = 0;

struct leaves_trail {
  const char *text;
  ~leaves_trail() { trail += text; }
};

struct counted {
  counted() { ++live_exceptions; }
  counted(const counted &) { ++live_exceptions; }
  ~counted() { --live_exceptions; }
};

enum class place { below, above };

/// Runs a function on a thread whose signals have a stack below or above its own, in the same mapping.
void on_thread_with_signals(place where, void (*body)()) {
  constexpr std::size_t stack_size = 512 * 1024, signals_size = 128 * 1024;
  auto *const memory = static_cast<char *>(
      mmap(nullptr, stack_size + signals_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  struct work {
    void (*body)();
    stack_t signals;
  } what{body, {}};
  what.signals.ss_sp = where == place::below ? memory : memory + stack_size;
  what.signals.ss_size = signals_size;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, where == place::below ? memory + signals_size : memory, stack_size);
  pthread_t thread;
  pthread_create(
      &thread, &attributes,
      [](void *argument) -> void * {
        const auto *const w = static_cast<work *>(argument);
        sigaltstack(&w->signals, nullptr);
        w->body();
        return nullptr;
      },
      &what);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  munmap(memory, stack_size + signals_size);
}

void handle_by(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR1, &action, nullptr);
}

__attribute__((noinline)) void fail_with_cleanup() {
  const leaves_trail t{"handler,"};
  faults::write_null();
  KEEP;
}

__attribute__((noinline)) void interrupt() {
  pthread_kill(pthread_self(), SIGUSR1);
  KEEP;
}
void (*volatile may_throw)() = interrupt;  // as far as the compiler knows; a handler's failure is not its business
__attribute__((noinline)) void interrupt_with_cleanup() {
  const leaves_trail t{"interrupted,"};
  may_throw();
  KEEP;
}

struct outcome {
  std::string trail;
  int cleanup = -1, uncaught = -1, live = -1;
  std::uint64_t skipped = 0;
  bool caught_left = false;
} last;

/// The error of a block that a signal interrupts, and what the thread is left with.
void note_outcome(const caught &error) {
  last = {};
  last.trail = trail;
  if (error) {
    last.cleanup = error->cleanup;
    last.skipped = error->skipped;
  }
  last.uncaught = std::uncaught_exceptions();
  last.caught_left = std::current_exception() != nullptr;
  last.live = live_exceptions;
}
void interrupted_in_a_guard() {
  trail.clear();
  const caught error(CGO_GUARD { interrupt_with_cleanup(); });
  note_outcome(error);
}

outcome run(place where, void (*handler)(int), void (*body)()) {
  handle_by(handler);
  on_thread_with_signals(where, body);
  return last;
}

void fail_in_handler(int) { fail_with_cleanup(); }
void fail_while_caught(int) {
  try {
    throw counted();
  } catch (const counted &) {
    fail_with_cleanup();
  }
}
struct fails_in_destructor {
  ~fails_in_destructor() noexcept(false) { faults::write_null(); }
};
void fail_while_thrown(int) {
  try {
    fails_in_destructor f;
    throw counted();
  } catch (const counted &) {
  }
}

/// Runs because of a fault, calls deeper than that was, and ends in a catch clause that std::terminate cuts off.
struct fails_deeper {
  __attribute__((noinline)) static void deeper(int depth) {
    volatile char room[4096];
    room[0] = 1;
    if (depth != 0) {
      deeper(depth - 1);
    } else {
      try {
        throw counted();
      } catch (const counted &) {
        std::terminate();
      }
    }
    room[1] = room[0];
  }
  ~fails_deeper() { deeper(4); }
};
__attribute__((noinline)) void fail_above_a_deeper_one() {
  const fails_deeper d;
  faults::write_null();
  KEEP;
}

bool still_caught = false;
void fail_under_a_guard_of_the_handler(int) {
  const caught error(CGO_GUARD { fail_with_cleanup(); });
  still_caught = error != nullptr && live_exceptions == 1;
}
void interrupted_in_a_catch() {
  trail.clear();
  try {
    throw counted();
  } catch (const counted &) {
    interrupt();
    still_caught = still_caught && live_exceptions == 1 && std::current_exception() != nullptr;
  }
  note_outcome(nullptr);
}

}  // namespace

GUARDED_TEST_CASE("A fault in a signal handler cleans up what is above it, whether its stack lies below or above") {
  const outcome below = run(place::below, fail_in_handler, interrupted_in_a_guard);
  const outcome above = run(place::above, fail_in_handler, interrupted_in_a_guard);
  for (const outcome &o : {below, above}) {
    CHECK(o.trail == "handler,interrupted,");
    CHECK(o.cleanup == CGO_GUARD_CLEANUP_PARTIAL);  // the frame that was interrupted is a gap
    CHECK(o.skipped == below.skipped);
  }
}

GUARDED_TEST_CASE("A fault in a signal handler leaves no exception behind, whether its stack lies below or above") {
  for (const place where : {place::below, place::above}) {
    for (void (*const handler)(int) : {&fail_while_caught, &fail_while_thrown}) {
      live_exceptions = 0;
      const outcome o = run(where, handler, interrupted_in_a_guard);
      CHECK(o.cleanup == CGO_GUARD_CLEANUP_PARTIAL);
      CHECK(o.uncaught == 0);
      CHECK(!o.caught_left);
      if (handler == &fail_while_caught) CHECK(o.live == 0);
    }
  }
}

GUARDED_TEST_CASE("A guard in a signal handler leaves the exceptions of what was interrupted alone") {
  for (const place where : {place::below, place::above}) {
    live_exceptions = 0;
    const outcome o = run(where, fail_under_a_guard_of_the_handler, interrupted_in_a_catch);
    CHECK(still_caught);
    CHECK(o.trail == "handler,");
    CHECK(o.live == 0);
  }
}

GUARDED_TEST_CASE("What a destructor has caught that ran because of a fault and was cut off is not left either") {
  live_exceptions = 0;
  const caught error(CGO_GUARD { fail_above_a_deeper_one(); });
  REQUIRE(error);
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_PARTIAL);
  CHECK(live_exceptions == 0);
  CHECK(std::current_exception() == nullptr);
}
