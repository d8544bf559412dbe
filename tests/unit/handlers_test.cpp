// SPDX-License-Identifier: BSL-1.0
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

#include <link.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults.hpp"
#include "support.hpp"

namespace {

void handler_before_us(int signal, siginfo_t *info, void *) {
  // Only write: this is a signal handler.
  char line[] = "handler before us, signal ..\n";
  line[26] = static_cast<char>('0' + signal / 10);
  line[27] = static_cast<char>('0' + signal % 10);
  static_cast<void>(!write(1, line, sizeof line - 1));
  if (info->si_addr == nullptr) static_cast<void>(!write(1, "at null\n", 8));
  _exit(7);
}

void install(int signal, void (*handler)(int, siginfo_t *, void *)) {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  sigaction(signal, &action, nullptr);
}

void install_simple(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigaction(signal, &action, nullptr);
}

void no_core() {
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

}  // namespace

GUARDED_TEST_CASE("Trap 2: the handlers are installed with the flags that Go asks for") {
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) {
    struct sigaction action;
    REQUIRE(sigaction(signal, nullptr, &action) == 0);
    CHECK((action.sa_flags & (SA_ONSTACK | SA_SIGINFO | SA_RESTART)) == (SA_ONSTACK | SA_SIGINFO | SA_RESTART));
    CHECK(sigismember(&action.sa_mask, SIGURG) == 1);
    CHECK(sigismember(&action.sa_mask, SIGPROF) == 1);
    CHECK(sigismember(&action.sa_mask, signal) == 1);  // or those that are sent pile up on the stack
  }
}

DEATH_CASE(unguarded_with_handler) {
  install(SIGSEGV, handler_before_us);
  take_the_signals();
  faults::write_null();
}
TEST_CASE("A fault outside every guard goes to the handler that was there before") {
  const death d = die(unguarded_with_handler);
  CHECK(d.exit_status == 7);
  CHECK(d.output == "handler before us, signal 11\nat null\n");
}

DEATH_CASE(unguarded_with_simple_handler) {
  install_simple(SIGFPE, [](int) { _exit(8); });
  take_the_signals();
  faults::arithmetic_exception();
}
TEST_CASE("A handler without SA_SIGINFO is called with its one argument") {
  CHECK(die(unguarded_with_simple_handler).exit_status == 8);
}

DEATH_CASE(unguarded_default) {
  no_core();
  take_the_signals();
  faults::write_null();
}
DEATH_CASE(unguarded_ignored) {
  no_core();
  install_simple(SIGSEGV, SIG_IGN);
  take_the_signals();
  faults::write_null();
}
DEATH_CASE(unguarded_abort) {
  no_core();
  take_the_signals();
  abort();
}
DEATH_CASE(unguarded_trap) {
  no_core();
  take_the_signals();
  faults::breakpoint();
}
TEST_CASE("Trap 15: where nobody was before us, a fault outside a guard ends the process with its own signal") {
  CHECK(die(unguarded_default).signal == SIGSEGV);
  CHECK(die(unguarded_ignored).signal == SIGSEGV);
  CHECK(die(unguarded_abort).signal == SIGABRT);
  CHECK(die(unguarded_trap).signal == SIGTRAP);
}

DEATH_CASE(unguarded_assert) {
  no_core();
  take_the_signals();
  faults::assert_three_deep(1);
}
TEST_CASE("An assertion outside every guard prints and aborts as it always did") {
  const death d = die(unguarded_assert);
  CHECK(d.signal == SIGABRT);
  CHECK(contains(d.output, "Assertion `value == 42 && \"the answer\"' failed."));
}

namespace {
void signal_me_from_outside(int signal) {
  no_core();
  take_the_signals();
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    usleep(100000);
    kill(parent, signal);
    _exit(0);
  }
  cgo_guard_error *error = CGO_GUARD {
    for (volatile int spin = 0;; spin = spin + 1) {
    }
  };
  std::printf("came back from %d", error != nullptr ? error->number : 0);
}
}  // namespace
DEATH_CASE(killed_abrt) { signal_me_from_outside(SIGABRT); }
DEATH_CASE(killed_segv) { signal_me_from_outside(SIGSEGV); }
TEST_CASE("Trap 9: a signal that another process sends is not a fault of the guarded block") {
  const death abrt = die(killed_abrt);
  CHECK(abrt.signal == SIGABRT);
  CHECK(abrt.output.empty());
  CHECK(die(killed_segv).signal == SIGSEGV);
}

DEATH_CASE(thread_sends) {
  no_core();
  take_the_signals();
  const pid_t pid = getpid(), target = gettid();
  std::thread other([=] {
    usleep(100000);
    syscall(SYS_tgkill, pid, target, SIGSEGV);
  });
  cgo_guard_error *error = CGO_GUARD {
    for (volatile int spin = 0;; spin = spin + 1) {
    }
  };
  std::printf("came back from %d", error != nullptr ? error->number : 0);
}
TEST_CASE("Trap 9: a signal that another thread sends is not a fault of the guarded block") {
  const death d = die(thread_sends);
  CHECK(d.signal == SIGSEGV);
  CHECK(d.output.empty());
}

GUARDED_TEST_CASE("Trap 9: a signal that the block raises itself is") {
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) {
    caught error(CGO_GUARD { raise(signal); });
    REQUIRE(error);
    CHECK(error->number == signal);
  }
}

DEATH_CASE(forked_child) {
  no_core();
  int status = -1;
  cgo_guard_error *error = CGO_GUARD {
    const pid_t child = fork();
    if (child == 0) {
      faults::write_null();
      _exit(5);
    }
    waitpid(child, &status, 0);
  };
  std::printf("%s, child ended by signal %d", error == nullptr ? "parent fine" : "parent failed",
              WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}
TEST_CASE("Trap 47: a fork's child never recovers into its parent's guard") {
  CHECK(contains(die(forked_child).output, "parent fine, child ended by signal 11"));
}

namespace {
ssize_t crashing_write(void *, const char *, std::size_t) {
  faults::write_null();
  return -1;
}
int crash_in_callback(dl_phdr_info *, std::size_t, void *) {
  faults::write_null();
  return 0;
}
}  // namespace
DEATH_CASE(held_locks) {
  take_the_signals();
  alarm(10);
  cookie_io_functions_t functions = {};
  functions.write = crashing_write;
  std::FILE *const file = fopencookie(nullptr, "w", functions);
  setvbuf(file, nullptr, _IONBF, 0);
  const caught in_stdio(CGO_GUARD { std::fprintf(file, "x"); });
  const caught in_loader(CGO_GUARD { dl_iterate_phdr(crash_in_callback, nullptr); });
  const caught again(CGO_GUARD { faults::write_null(); });
  const bool stacks =
      in_stdio && in_loader && again && *cgo_guard_stack(in_stdio.get()) != 0 && *cgo_guard_stack(in_loader.get()) != 0;
  std::string printed = stacks ? "three errors with stacks" : "something is missing";
  // On another thread: the loader's lock is recursive, so only that one can tell whether it is still held.
  std::thread([&] {
    const caught elsewhere(CGO_GUARD { faults::write_null(); });
    printed += elsewhere && *cgo_guard_stack(elsewhere.get()) != 0 ? ", and one elsewhere" : ", none elsewhere";
  }).join();
  std::printf("%s", printed.c_str());
}
TEST_CASE("Trap 37: a fault under stdio's and the loader's lock is reported, and capturing the next does not hang") {
  // At its end the process flushes the stream once more, and crashes under no guard.
  CHECK(contains(die(held_locks).output, "three errors with stacks, and one elsewhere"));
}
