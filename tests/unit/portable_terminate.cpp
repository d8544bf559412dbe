// SPDX-License-Identifier: BSL-1.0
/// @file portable_terminate.cpp
/// What is said before std::terminate ends the process, where signals can't be guarded. In children, as it does.
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cgo_guard.h>

#include <cgo_guard/detail/portable/terminate_portable.hpp>

#include "catch.hpp"

#define NOINLINE __attribute__((noinline))

namespace portable_terminate {

volatile int not_a_tail_call;

NOINLINE void throws() {
  not_a_tail_call = 1;
  throw std::out_of_range("row 7");
}
NOINLINE void promises_nothing_is_thrown() noexcept {
  throws();
  not_a_tail_call = 1;
}
NOINLINE cgo_guard_error *export_that_breaks_a_promise() {
  return CGO_GUARD {
    promises_nothing_is_thrown();
    not_a_tail_call = 1;
  };
}
NOINLINE cgo_guard_error *export_that_forgets_a_thread() {
  return CGO_GUARD {
    std::thread forgotten([] {});
  };
}
NOINLINE void terminates() { std::terminate(); }

std::jmp_buf out_of_the_guard;
NOINLINE void leaves_a_guard_without_a_word() {
  if (setjmp(out_of_the_guard) != 0) return;
  static_cast<void>(CGO_GUARD { std::longjmp(out_of_the_guard, 1); });
}

/// What a child wrote on stderr before it died of SIGABRT.
template <class Run>
std::string last_words_of(Run &&run) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    dup2(ends[1], 2);
    std::signal(SIGABRT, SIG_DFL);  // Catch2 has a handler
    run();
    _exit(0);
  }
  close(ends[1]);
  std::string said;
  char part[4096];
  for (ssize_t length; (length = read(ends[0], part, sizeof part)) > 0;)
    said.append(part, static_cast<std::size_t>(length));
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  INFO(said);
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
  return said;
}

bool contains(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }

constexpr const char *report = "cgo_guard: std::terminate, under a guard.";

}  // namespace portable_terminate

using namespace portable_terminate;

TEST_CASE("A broken noexcept under a portable guard ends with a report of guard, exception and throw") {
  const std::string said = last_words_of([] { export_that_breaks_a_promise(); });
  INFO(said);
  CHECK(said.find(report) == 0);
  CHECK(contains(said, "std::terminate std::out_of_range: row 7\n"));
  CHECK(contains(said, "guard:   export_that_breaks_a_promise at "));
  CHECK(contains(said, "portable_terminate.cpp:"));
  CHECK(contains(said, "C++ stack:\n"));
  // Names are the dynamic linker's, and so is it whether the throw is recorded (portable_stacks.cpp).
  Dl_info info;
  if (dladdr(reinterpret_cast<const void *>(&throws), &info) != 0) {
    CHECK(said.find("throws()\n") < said.find("promises_nothing_is_thrown()\n"));
    CHECK(contains(said, "promises_nothing_is_thrown()\n"));
  }
}

TEST_CASE("std::terminate without an exception under a portable guard ends with a report of guard and caller") {
  const std::string said = last_words_of([] { export_that_forgets_a_thread(); });
  INFO(said);
  CHECK(said.find(report) == 0);
  CHECK(contains(said, "std::terminate: no exception is being handled\n"));
  CHECK(contains(said, "guard:   export_that_forgets_a_thread at "));
  CHECK(contains(said, "\nexport_that_forgets_a_thread"));
}

TEST_CASE("std::terminate under no guard is nobody's business") {
  cgo_guard_free(CGO_GUARD { throws(); });
  CHECK_FALSE(contains(last_words_of([] { terminates(); }), "cgo_guard"));
  CHECK_FALSE(contains(last_words_of([] {
                         leaves_a_guard_without_a_word();
                         terminates();
                       }),
                       "cgo_guard"));
}

TEST_CASE("The report of std::terminate names the guard in use, and not one that was left without a word") {
  const std::string said = last_words_of([] {
    leaves_a_guard_without_a_word();
    export_that_breaks_a_promise();
  });
  INFO(said);
  CHECK(contains(said, "guard:   export_that_breaks_a_promise at "));
  CHECK_FALSE(contains(said, "guard:   leaves_a_guard"));
}

TEST_CASE("After the report of std::terminate the handler that was there before has its turn") {
  const std::string said = last_words_of([] {
    std::set_terminate([] {
      std::fputs("the handler of the program's own\n", stderr);
      std::abort();
    });
    cgo_guard::detail::portable_terminate_is_ours = false;  // as before the first guard
    export_that_breaks_a_promise();
  });
  INFO(said);
  CHECK(said.find(report) == 0);
  CHECK(contains(said, "\nthe handler of the program's own\n"));
}
