// SPDX-License-Identifier: BSL-1.0
// Handlers of other libraries, above and below ours; forks.
#include <atomic>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cgo_guard/detail/signal/install_lock.hpp>
#include <cgo_guard/detail/state/process.hpp>

#include "faults.hpp"
#include "support.hpp"

namespace {

void no_core() {
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

void say(const char *text) { static_cast<void>(!write(1, text, std::string_view(text).size())); }

cgo_guard_stats stats() {
  cgo_guard_stats s = {};
  s.struct_size = sizeof s;
  cgo_guard_get_stats(&s);
  return s;
}

bool guards_work() {
  const caught error(CGO_GUARD { faults::write_null(); });
  return error && error->number == SIGSEGV;
}

/// A library with a handler. `chains` is whether it passes on what it does not know.
struct neighbour {
  struct sigaction old = {};
  const char *name = "";
  bool chains = true;
  void install(void (*handler)(int, siginfo_t *, void *)) {
    struct sigaction action = {};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigaction(SIGSEGV, &action, &old);
  }
  void on_signal(int signal, siginfo_t *info, void *context) const {
    say(name);
    if (!chains) _exit(9);
    if ((old.sa_flags & SA_SIGINFO) != 0) {
      old.sa_sigaction(signal, info, context);
    } else {
      say("end ");
      _exit(8);
    }
  }
};
neighbour first, second;
void on_first(int signal, siginfo_t *info, void *context) { first.on_signal(signal, info, context); }
void on_second(int signal, siginfo_t *info, void *context) { second.on_signal(signal, info, context); }

}  // namespace

GUARDED_TEST_CASE("Trap 13: a handler that was put over ours is noticed, and the next guard goes on top again") {
  first = {};
  const std::uint64_t displaced = stats().displaced;
  first.install(on_first);
  CHECK(stats().installed == 6);
  CHECK(guards_work());
  CHECK(stats().installed == 7);
  CHECK(stats().displaced == displaced + 1);
  std::signal(SIGFPE, [](int) { _exit(9); });
  CHECK(stats().installed == 6);
  const caught error(CGO_GUARD { faults::arithmetic_exception(); });
  REQUIRE(error);
  CHECK(error->number == SIGFPE);
}

GUARDED_TEST_CASE("Trap 13: one that chains passes a guarded fault on to us even before the next guard") {
  cgo_guard_error *error = CGO_GUARD {
    first = {};
    first.name = "";
    first.install(on_first);  // above us from here on
    faults::write_null();
  };
  const caught owned(error);
  REQUIRE(owned);
  CHECK(owned->number == SIGSEGV);
  CHECK(owned->cleanup == CGO_GUARD_CLEANUP_COMPLETE);
}

GUARDED_TEST_CASE("Handlers that are asked for and given again displace nobody") {
  CHECK(guards_work());
  const std::uint64_t displaced = stats().displaced;
  struct sigaction current;
  sigaction(SIGSEGV, nullptr, &current);
  sigaction(SIGSEGV, &current, nullptr);
  std::signal(SIGUSR1, SIG_IGN);
  CHECK(guards_work());
  CHECK(stats().displaced == displaced);
}

DEATH_CASE(one_over_us) {
  first.name = "neighbour ";
  struct sigaction nobody = {};
  nobody.sa_handler = [](int) { say("at the bottom"), _exit(7); };
  sigaction(SIGSEGV, &nobody, nullptr);
  take_the_signals();
  first.install(on_first);
  if (!guards_work()) say("guards do not work ");
  faults::write_null();
}
TEST_CASE("Trap 14: ours over a neighbour's over ours: each is asked once, and then the one that was there first") {
  const death d = die(one_over_us);
  CHECK(d.output == "neighbour at the bottom");
  CHECK(d.exit_status == 7);
}

DEATH_CASE(two_over_us) {
  no_core();
  first.name = "first ";
  second.name = "second ";
  take_the_signals();
  first.install(on_first);
  if (!guards_work()) say("guards do not work ");
  second.install(on_second);
  if (!guards_work()) say("guards do not work ");
  faults::write_null();
}
TEST_CASE("Trap 14: two neighbours that were put over us in turn are each asked once, the newest first") {
  const death d = die(two_over_us);
  CHECK(contains(d.output, "second first cgo_guard: SIGSEGV: null pointer write"));
  CHECK(d.signal == SIGSEGV);
}

DEATH_CASE(does_not_chain) {
  take_the_signals();
  first.name = "mine";
  first.chains = false;
  first.install(on_first);
  if (!guards_work()) say("guards do not work ");
  faults::write_null();
}
TEST_CASE("Trap 13: one that does not chain still has what is no guard's") {
  const death d = die(does_not_chain);
  CHECK(d.output == "mine");
  CHECK(d.exit_status == 9);
}

namespace {
sigjmp_buf probe;
bool can_read(const volatile char *address) {
  struct sigaction action = {}, old = {};
  action.sa_handler = [](int) { siglongjmp(probe, 1); };
  action.sa_flags = SA_NODEFER | SA_ONSTACK;
  sigaction(SIGSEGV, &action, &old);
  volatile bool can = false;  // written between sigsetjmp and siglongjmp
  if (sigsetjmp(probe, 1) == 0) {
    static_cast<void>(*address);
    can = true;
  }
  sigaction(SIGSEGV, &old, nullptr);
  return can;
}
}  // namespace
GUARDED_TEST_CASE("A library that probes memory with a handler of its own does so undisturbed") {
  CHECK(guards_work());
  for (int i = 0; i < 100; ++i) {
    bool null_readable = true, own_readable = false;
    const caught error(CGO_GUARD {
      null_readable = can_read(nullptr);
      own_readable = can_read("x");
    });
    CHECK_FALSE(error);
    CHECK_FALSE(null_readable);
    CHECK(own_readable);
  }
  CHECK(guards_work());
}

DEATH_CASE(many_neighbours) {
  take_the_signals();
  for (int i = 0; i < 200; ++i) {
    (i % 2 == 0 ? first : second).install(i % 2 == 0 ? on_first : on_second);
    if (!guards_work()) std::printf("guards do not work after %d", i);
  }
  std::printf("%u installed", stats().installed);
}
TEST_CASE("Trap 13: neighbours that install themselves again and again don't fill anything up") {
  CHECK(die(many_neighbours).output == "7 installed");
}

DEATH_CASE(crash_on_bare_thread) {
  no_core();
  take_the_signals();
  std::thread([] {
    pthread_setname_np(pthread_self(), "worker");
    faults::write_null();
  }).join();
}
TEST_CASE("Trap 27: a crash on a thread without a guard is reported and ends the process") {
  const death d = die(crash_on_bare_thread);
  CHECK(d.signal == SIGSEGV);
  CHECK(contains(d.output, "cgo_guard: SIGSEGV: null pointer write at 0x"));
  CHECK(contains(d.output, "(worker), under no guard."));
  CHECK(contains(d.output, "#0 "));
  CHECK(contains(d.output, "(main program)+0x"));
}

DEATH_CASE(throw_in_forked_child) {
  no_core();
  int status = -1;
  cgo_guard_error *error = CGO_GUARD {
    const pid_t child = fork();
    if (child == 0) throw std::runtime_error("in the child");
    waitpid(child, &status, 0);
  };
  std::printf("%s, child ended by signal %d", error == nullptr ? "parent fine" : "parent failed",
              WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}
TEST_CASE("Trap 47: an exception in a fork's child does not go to its parent's guard") {
  const death d = die(throw_in_forked_child);
  CHECK(contains(d.output, "parent fine, child ended by signal 6"));
  CHECK_FALSE(contains(d.output, "parent failed"));
}

DEATH_CASE(guard_in_forked_child) {
  int status = -1;
  cgo_guard_error *error = CGO_GUARD {
    const pid_t child = fork();
    if (child == 0) {
      bool fine = guards_work();
      const caught thrown(CGO_GUARD { throw std::runtime_error("in the child's own guard"); });
      fine = fine && thrown && message_of(thrown) == "in the child's own guard";
      std::thread([&] { fine = fine && guards_work(); }).join();
      _exit(fine ? 3 : 4);
    }
    waitpid(child, &status, 0);
  };
  std::printf("%s, child exited with %d", error == nullptr ? "parent fine" : "parent failed",
              WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}
TEST_CASE("Trap 47: guards that a fork's child enters itself work as usual") {
  CHECK(die(guard_in_forked_child).output == "parent fine, child exited with 3");
}

DEATH_CASE(crash_in_vforked_child) {
  no_core();
  int status = -1;
  cgo_guard_error *error = CGO_GUARD {
    const pid_t child =
        static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));  // without the handlers of pthread_atfork
    if (child == 0) {
      faults::write_null();
      _exit(5);
    }
    waitpid(child, &status, 0);
  };
  std::printf("%s, child ended by signal %d", error == nullptr ? "parent fine" : "parent failed",
              WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}
TEST_CASE("Trap 47: a child that was made without libc's knowledge doesn't recover either") {
  CHECK(contains(die(crash_in_vforked_child).output, "parent fine, child ended by signal 11"));
}

DEATH_CASE(fork_while_another_installs) {
  take_the_signals();
  std::atomic<bool> held{false};
  std::thread([&] {
    const cgo_guard::detail::install_lock lock;
    // In the middle of it: what displaced us is noted as seen, and is still there.
    first.install(on_first);
    cgo_guard::detail::process.mode = cgo_guard::detail::process_mode::ready;
    held = true;
    for (;;) pause();
  }).detach();
  while (!held) std::this_thread::yield();
  const pid_t child = fork();
  if (child == 0) {
    alarm(10);  // it is not inherited
    first.chains = false;
    _exit(guards_work() ? 3 : 4);
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::printf("child exited with %d", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  std::fflush(stdout);
  _exit(0);
}
TEST_CASE("Trap 47: a guard in a fork's child does not wait for a thread of its parent") {
  CHECK(die(fork_while_another_installs).output == "child exited with 3");
}
