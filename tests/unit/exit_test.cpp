// SPDX-License-Identifier: BSL-1.0
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

#include <err.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cxx_runtime.hpp"
#include "faults.hpp"
#include "support.hpp"

namespace {

/// Opts in for as long as it lives.
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

int destroyed;
struct counts {
  ~counts() { ++destroyed; }
};

enum exit_kind { by_exit, by_quick_exit, by_upper_exit, by_lower_exit, by_err, by_errx };

// Through pointers, as from another library: a compiler that sees the callee may know that nothing is thrown.
void c_library(exit_kind kind) {
  switch (kind) {
    case by_exit: std::exit(3);
    case by_quick_exit: std::quick_exit(4);
    case by_upper_exit: std::_Exit(5);
    case by_lower_exit: _exit(6);
    case by_err: errno = ENOENT; err(7, "can't open %s", "prices");
    case by_errx: errx(8, "line %d is bad", 12);
  }
}
void (*volatile call_library)(exit_kind) = &c_library;
void (*volatile call_harmless)() = [] {};

__attribute__((noinline)) void caller(exit_kind kind) {
  const counts local;
  call_library(kind);
}

__attribute__((noinline)) void outer_caller(exit_kind kind) {
  const counts local;
  caller(kind);
  call_harmless();
}

caught exit_under_guard(exit_kind kind) {
  destroyed = 0;
  return caught(CGO_GUARD { outer_caller(kind); });
}

__attribute__((noinline)) void exits_itself() {
  const counts local;
  call_harmless();
  std::exit(3);
}

int exit_status_of(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

GUARDED_TEST_CASE("Each way to exit becomes an error with its status, and destructors run") {
  const catching_exits on;
  const struct {
    exit_kind kind;
    int status;
    const char *message;
  } cases[] = {{by_exit, 3, "exit(3) was called"},
               {by_quick_exit, 4, "quick_exit(4) was called"},
               {by_upper_exit, 5, "_Exit(5) was called"},
               {by_lower_exit, 6, "_exit(6) was called"},
               {by_err, 7, "can't open prices: No such file or directory"},
               {by_errx, 8, "line 12 is bad"}};
  for (const auto &c : cases) {
    const caught error = exit_under_guard(c.kind);
    REQUIRE(error);
    CHECK(error->code == CGO_GUARD_EXIT);
    CHECK(error->number == c.status);
    CHECK(std::string(error->name) == "exit");
    CHECK(message_of(error) == c.message);
    CHECK(error->cleanup == CGO_GUARD_CLEANUP_COMPLETE);
    CHECK(error->skipped == 0);
    CHECK(destroyed == 2);
    const std::string stack = cgo_guard_stack(error.get());
    INFO(stack);
    CHECK(stack.rfind("(anonymous namespace)::c_library(", 0) == 0);
    CHECK(contains(stack, "outer_caller"));
  }
}

GUARDED_TEST_CASE(
    "A function that calls exit itself may lose its own locals, and says so; its callers' are destroyed") {
  const catching_exits on;
  destroyed = 0;
  const caught error(CGO_GUARD {
    const counts local;
    void (*volatile call)() = &exits_itself;
    call();
  });
  REQUIRE(error);
  CHECK(error->code == CGO_GUARD_EXIT);
  // glibc declares exit as not throwing, so what a compiler has for this call is an accident: GCC's rows may cover it.
  CHECK((destroyed == 1 || destroyed == 2));
  if (destroyed == 1) CHECK(error->cleanup == CGO_GUARD_CLEANUP_PARTIAL);
  if (destroyed == 1) CHECK(error->skipped == 1);
}

GUARDED_TEST_CASE("No catch clause swallows an exit, and the C++ state of the thread is as before") {
  const catching_exits on;
  bool typed = false, went_on = false;
  const caught error(CGO_GUARD {
    try {
      try {
        throw std::runtime_error("being handled when the library exits");
      } catch (const std::exception &) {
        call_library(by_exit);
        typed = true;
      }
    } catch (const std::exception &) {
      typed = true;
    } catch (...) {
    }
    went_on = true;
  });
  REQUIRE(error);
  CHECK(error->code == CGO_GUARD_EXIT);
  CHECK_FALSE(typed);
  CHECK_FALSE(went_on);
  CHECK(std::current_exception() == nullptr);
  CHECK(std::uncaught_exceptions() == 0);
}

GUARDED_TEST_CASE("A destructor that exits or crashes because of an exit costs the rest of its frame only") {
  const catching_exits on;
  destroyed = 0;
  struct exits {
    ~exits() { call_library(by_lower_exit); }
  };
  const auto frame = [] {
    const exits bad;
    call_library(by_exit);
  };
  void (*volatile call_frame)() = frame;
  const caught error(CGO_GUARD {
    const counts local;
    call_frame();
  });
  REQUIRE(error);
  CHECK(error->number == 3);
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_PARTIAL);
  CHECK(destroyed == 1);

  struct crashes {
    ~crashes() { faults::write_null(); }
  };
  const caught crashed(CGO_GUARD {
    const crashes bad;
    call_library(by_exit);
  });
  REQUIRE(crashed);
  CHECK(crashed->code == CGO_GUARD_EXIT);
  CHECK(crashed->cleanup == CGO_GUARD_CLEANUP_PARTIAL);
  CHECK(contains(message_of(crashed), "then SIGSEGV in a destructor"));
}

GUARDED_TEST_CASE("A destructor that exits while it cleans up a fault does not take the fault's place") {
  const catching_exits on;
  struct exits {
    ~exits() { call_library(by_exit); }
  };
  const caught error(CGO_GUARD {
    const exits bad;
    faults::write_null();
  });
  REQUIRE(error);
  CHECK(error->code == CGO_GUARD_SIGNAL);
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_PARTIAL);
}

GUARDED_TEST_CASE("what() that exits doesn't take the report along") {
  const catching_exits on;
  struct exits : std::exception {
    const char *what() const noexcept override {
      call_library(by_exit);
      return "";
    }
  };
  const caught error(CGO_GUARD { throw exits(); });
  REQUIRE(error);
  CHECK(error->code == CGO_GUARD_EXCEPTION);
  CHECK(message_of(error) == "(what() called exit(3))");
}

GUARDED_TEST_CASE("An exit through code without unwind tables comes back without any cleanup") {
  const catching_exits on;
  const caught error(CGO_GUARD { faults::call_without_unwind_tables([] { call_library(by_exit); }); });
  REQUIRE(error);
  CHECK(error->code == CGO_GUARD_EXIT);
  CHECK(error->number == 3);
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_NONE);
}

GUARDED_TEST_CASE("A thousand exits in a row leave nothing behind and are counted") {
  const catching_exits on;
  cgo_guard_stats before{}, after{};
  before.struct_size = after.struct_size = sizeof before;
  cgo_guard_get_stats(&before);
  int wrong = 0;
  for (int i = 0; i < 1000; ++i) {
    if (const caught error = exit_under_guard(by_exit); !error || error->number != 3 || destroyed != 2) ++wrong;
  }
  CHECK(wrong == 0);
  cgo_guard_get_stats(&after);
  CHECK(after.exits == before.exits + 1000);
  CHECK(after.live_errors == before.live_errors);
}

GUARDED_TEST_CASE("Trap 47: a child of fork or vfork that exits under its parent's guard exits") {
  const catching_exits on;
  int forked = -1, forked_lower = -1, vforked = -1;
  const caught error(CGO_GUARD {
    if (const pid_t child = fork(); child == 0) {
      // Not exit: the atexit handlers are the parent's tests.
      quick_exit(7);
    } else {
      forked = exit_status_of(child);
    }
    if (const pid_t child = fork(); child == 0) {
      _exit(8);
    } else {
      forked_lower = exit_status_of(child);
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    if (const pid_t child = vfork(); child == 0) {
      _exit(9);
    } else {
      vforked = exit_status_of(child);
    }
#pragma GCC diagnostic pop
  });
  CHECK_FALSE(error);
  CHECK(forked == 7);
  CHECK(forked_lower == 8);
  CHECK(vforked == 9);
}

DEATH_CASE(exit_not_opted_in) {
  std::atexit([] { std::puts("the atexit handler ran"); });
  const caught error(CGO_GUARD { exit(3); });
}
DEATH_CASE(quick_exit_not_opted_in) {
  std::at_quick_exit([] { write(1, "the at_quick_exit handler ran", 29); });
  const caught error(CGO_GUARD { std::quick_exit(4); });
}
DEATH_CASE(lower_exit_not_opted_in) {
  std::atexit([] { std::puts("the atexit handler ran"); });
  const caught error(CGO_GUARD { _exit(5); });
}
DEATH_CASE(errx_not_opted_in) {
  const caught error(CGO_GUARD { errx(6, "line %d is bad", 12); });
}
TEST_CASE("Trap 48: an exit that nobody asked to catch ends the process as ever") {
  const death by_exit_itself = die(exit_not_opted_in);
  CHECK(by_exit_itself.exit_status == 3);
  CHECK(by_exit_itself.output == "the atexit handler ran\n");
  const death quick = die(quick_exit_not_opted_in);
  CHECK(quick.exit_status == 4);
  CHECK(quick.output == "the at_quick_exit handler ran");
  const death lower = die(lower_exit_not_opted_in);
  CHECK(lower.exit_status == 5);
  CHECK(lower.output.empty());
  const death with_text = die(errx_not_opted_in);
  CHECK(with_text.exit_status == 6);
  CHECK(contains(with_text.output, ": line 12 is bad\n"));
}

DEATH_CASE(exit_outside_a_guard) {
  catching_exits::set(1);
  std::atexit([] {
    // A guard in a handler is a guard: this exit is an error, and the process goes on ending.
    const caught error = exit_under_guard(by_exit);
    std::printf("caught %d", error ? error->number : -1);
  });
  const caught error(CGO_GUARD { call_harmless(); });
  errx(9, "outside");
}
TEST_CASE("Outside a guard an exit is an exit, opted in or not") {
  const death d = die(exit_outside_a_guard);
  CHECK(d.exit_status == 9);
  CHECK(contains(d.output, ": outside\n"));
  CHECK(contains(d.output, "caught 3"));
}

DEATH_CASE(caught_exit_runs_no_handler) {
  catching_exits::set(1);
  std::atexit([] { std::fputs("the atexit handler ran;", stderr); });
  std::printf("before;");
  const caught error = exit_under_guard(by_exit);
  std::fprintf(stderr, "still here with %d;", error->number);
  std::printf("stdio works;");
}
TEST_CASE("A caught exit has run no atexit handler, and stdio goes on; the handler runs once, at the end") {
  const death d = die(caught_exit_runs_no_handler);
  CHECK(d.exit_status == 0);
  CHECK(d.output == "still here with 3;the atexit handler ran;before;stdio works;");
}

DEATH_CASE(handler_exits) {
  catching_exits::set(1);
  std::signal(SIGTERM, [](int) { _exit(11); });
  const caught error(CGO_GUARD { std::raise(SIGTERM); });
}
TEST_CASE("A signal handler that exits means the process, whatever guard it interrupted") {
  CHECK(die(handler_exits).exit_status == 11);
}

GUARDED_TEST_CASE("Trap 48: pthread_exit passes through a guard, opted in or not") {
  if (!cxx_runtime::threads_can_be_unwound()) SKIP_CASE(cxx_runtime::why_threads_cannot_be_unwound);
  const catching_exits on;
  for (int opted_in = 0; opted_in < 2; ++opted_in) {
    catching_exits::set(opted_in);
    destroyed = 0;
    pthread_t thread;
    void *result = nullptr;
    REQUIRE(pthread_create(
                &thread, nullptr,
                [](void *) -> void * {
                  const caught error(CGO_GUARD {
                    const counts local;
                    pthread_exit(&destroyed);
                  });
                  return nullptr;
                },
                nullptr) == 0);
    pthread_join(thread, &result);
    CHECK(result == &destroyed);
    CHECK(destroyed == 1);
  }
}

GUARDED_TEST_CASE("Exits on many threads at once become errors of their own threads") {
  const catching_exits on;
  std::atomic<int> wrong{0};
  std::thread threads[8];
  for (std::thread &thread : threads) {
    thread = std::thread([&wrong, status = static_cast<int>(&thread - threads)] {
      void (*volatile leave)(int) = &std::exit;
      for (int i = 0; i < 500; ++i) {
        const caught error(CGO_GUARD { leave(status); });
        if (!error || error->code != CGO_GUARD_EXIT || error->number != status) ++wrong;
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
  CHECK(wrong == 0);
}
