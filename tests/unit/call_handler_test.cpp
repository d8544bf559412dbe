// SPDX-License-Identifier: BSL-1.0
// Handlers below ours are called as the kernel would call them: each of these programs runs once without us and once
// with us on top, and must do the same.
#include <algorithm>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

#include <cgo_guard/detail/arch/arch.hpp>
#include <cgo_guard/detail/signal/call_handler.hpp>

#include "faults.hpp"
#include "processor.hpp"
#include "support.hpp"

namespace {

void say(const char *text) { static_cast<void>(!write(1, text, std::strlen(text))); }

void say_mask() {
  sigset_t now;
  sigprocmask(SIG_BLOCK, nullptr, &now);
  char line[80] = "blocked:";
  for (int signal = 1; signal < 65; ++signal) {
    const std::size_t length = std::strlen(line);
    if (sigismember(&now, signal) == 1 && length + 5 < sizeof line) {
      line[length] = ' ';
      line[length + 1] = static_cast<char>('0' + signal / 10);
      line[length + 2] = static_cast<char>('0' + signal % 10);
      line[length + 3] = 0;
    }
  }
  say(line);
  say("\n");
}

enum ending { returns, raises, jumps, faults_again };
ending how_it_ends;
bool passes_context;  ///< the kernel to this handler
int calls;
sigjmp_buf way_out;

void host_handler(int signal, siginfo_t *, void *context) {
  say(++calls == 1 ? "called\n" : "called again\n");
  say_mask();
  if (calls > 5) _exit(99);
  if (passes_context) {
    const auto *const at_fault = static_cast<const ucontext_t *>(context);
    say(cgo_guard::detail::arch::sp_of(*at_fault) != 0 ? "with a context\n" : "without\n");
  }
  if (how_it_ends == raises) raise(signal);
  if (how_it_ends == jumps) siglongjmp(way_out, 1);
  if (how_it_ends == faults_again && calls == 1) {
    if (sigsetjmp(way_out, 0) == 0) {
      how_it_ends = jumps;
      faults::write_null();
    }
    say("its own fault was its own\n");
    _exit(3);
  }
  say("returns\n");
}

struct situation {
  int flags;
  ending end;
  int signal = SIGSEGV;
};

void run(const situation &what, bool with_us) {
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  passes_context = processor::every_handler_gets_a_context || (what.flags & SA_SIGINFO) != 0;
  struct sigaction action = {};
  action.sa_sigaction = host_handler;
  action.sa_flags = what.flags;
  sigaddset(&action.sa_mask, SIGUSR2);
  sigaction(what.signal, &action, nullptr);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigprocmask(SIG_BLOCK, &blocked, nullptr);
  if (with_us) {
    take_the_signals();
    cgo_guard_options options = {};
    options.struct_size = sizeof options;
    options.crash_fd = -1;
    if (cgo_guard_configure(&options) != nullptr) _exit(98);
    const caught guarded(CGO_GUARD { raise(what.signal); });
    if (!guarded) _exit(97);
  }
  how_it_ends = what.end;
  if (what.end == jumps && sigsetjmp(way_out, 1) != 0) {
    say_mask();
    _exit(4);
  }
  if (what.signal == SIGSEGV) faults::write_null();
  if (what.signal == SIGTRAP) faults::breakpoint();
  say("went on\n");
  _exit(5);
}

}  // namespace

#define WITH_AND_WITHOUT_US(name, ...)                             \
  DEATH_CASE(name##_without_us) { run({__VA_ARGS__}, false); }     \
  DEATH_CASE(name##_with_us) { run({__VA_ARGS__}, true); }         \
  static void expect_the_same_##name() {                           \
    const death without = die(name##_without_us);                  \
    const death with = die(name##_with_us);                        \
    INFO("without us: " << without.output << without.exit_status); \
    CHECK(with.output == without.output);                          \
    CHECK(with.signal == without.signal);                          \
    CHECK(with.exit_status == without.exit_status);                \
    CHECK(without.output.find("called\n") != std::string::npos);   \
  }

WITH_AND_WITHOUT_US(once, static_cast<int>(SA_RESETHAND | SA_SIGINFO), returns)
WITH_AND_WITHOUT_US(once_of_a_trap, static_cast<int>(SA_RESETHAND | SA_SIGINFO), returns, SIGTRAP)
TEST_CASE("A handler with SA_RESETHAND is called once, and then the default is done") {
  expect_the_same_once();
  expect_the_same_once_of_a_trap();
  CHECK(die(once_with_us).signal == SIGSEGV);
}

WITH_AND_WITHOUT_US(once_raises, static_cast<int>(SA_RESETHAND | SA_SIGINFO | SA_NODEFER), raises)
WITH_AND_WITHOUT_US(once_raises_later, static_cast<int>(SA_RESETHAND | SA_SIGINFO), raises)
TEST_CASE("A handler with SA_RESETHAND that raises its signal again dies of it, at once or when it returns") {
  expect_the_same_once_raises();
  expect_the_same_once_raises_later();
  CHECK(die(once_raises_with_us).signal == SIGSEGV);
  CHECK(die(once_raises_later_with_us).signal == SIGSEGV);
}

WITH_AND_WITHOUT_US(nodefer, SA_NODEFER, faults_again)
TEST_CASE("A handler with SA_NODEFER may fault itself") {
  expect_the_same_nodefer();
  CHECK(die(nodefer_with_us).exit_status == 3);
}

WITH_AND_WITHOUT_US(deferred, SA_SIGINFO, faults_again)
TEST_CASE("A handler without SA_NODEFER that faults itself is the end of the process") {
  expect_the_same_deferred();
  CHECK(die(deferred_with_us).signal == SIGSEGV);
}

WITH_AND_WITHOUT_US(trap_plain, 0, returns, SIGTRAP)
WITH_AND_WITHOUT_US(trap_with_everything, SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER, returns, SIGTRAP)
TEST_CASE("A handler runs with the mask of the interrupted code, its own, and nothing of ours") {
  expect_the_same_trap_plain();
  expect_the_same_trap_with_everything();
  const std::string context = processor::every_handler_gets_a_context ? "with a context\n" : "";
  // Where the breakpoint is its own address, it is met again.
  const std::string next = processor::code::goes_on_behind_trap ? "went on\n" : "called again\n";
  const auto begins_with = [](const death &d, const std::string &text) {
    return d.output.compare(0, text.size(), text) == 0;
  };
  CHECK(begins_with(die(trap_plain_with_us), "called\nblocked: 05 10 12\n" + context + "returns\n" + next));
  CHECK(begins_with(die(trap_with_everything_with_us), "called\nblocked: 10 12\nwith a context\nreturns\n" + next));
}

WITH_AND_WITHOUT_US(leaves, SA_SIGINFO, jumps)
WITH_AND_WITHOUT_US(leaves_signal_stack, SA_SIGINFO | SA_ONSTACK, jumps)
TEST_CASE("A handler may leave by siglongjmp, with SA_ONSTACK and without") {
  expect_the_same_leaves();
  expect_the_same_leaves_signal_stack();
  CHECK(die(leaves_with_us).exit_status == 4);
}

namespace {

/// A handler that has its signal waiting again as soon as it is called, as a sender does that is quicker than we are.
std::uintptr_t first_call, deepest_call;
int calls_to_come;
void comes_again(int signal, siginfo_t *, void *) {
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  if (first_call == 0) first_call = deepest_call = here;
  deepest_call = std::min(deepest_call, here);
  if (--calls_to_come > 0) raise(signal);
}
struct sigaction under;
void passes_on(int signal, siginfo_t *info, void *context) { under.sa_sigaction(signal, info, context); }

void run_quick_sender(int signal, bool neighbour_over_us) {
  struct sigaction action = {};
  action.sa_sigaction = comes_again;
  action.sa_flags = SA_SIGINFO;
  sigaction(signal, &action, nullptr);
  take_the_signals();
  action.sa_sigaction = passes_on;
  if (neighbour_over_us) sigaction(signal, &action, &under);
  calls_to_come = 50;
  raise(signal);
  say(calls_to_come == 0 ? "all" : "not all");
  say(deepest_call == first_call ? ", one after another" : ", one on top of another");
}
void run_bad_memory_far_away() {
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  siginfo_t info = {};
  info.si_code = BUS_MCEERR_AO;
  cgo_guard::detail::die_by_default(SIGBUS, info);
  say("lives on");
}

}  // namespace

DEATH_CASE(sent_quickly) { run_quick_sender(SIGABRT, false); }
DEATH_CASE(sent_quickly_like_a_fault) { run_quick_sender(SIGSEGV, false); }
DEATH_CASE(sent_quickly_over_neighbour) { run_quick_sender(SIGFPE, true); }
TEST_CASE("Signals that are sent faster than they are handled do not pile up on the stack") {
  CHECK(die(sent_quickly).output == "all, one after another");
  CHECK(die(sent_quickly_like_a_fault).output == "all, one after another");
  CHECK(die(sent_quickly_over_neighbour).output == "all, one after another");
}

DEATH_CASE(bad_memory_far_away) { run_bad_memory_far_away(); }
TEST_CASE("The news of bad memory that the thread has not asked for ends the process where nobody handles it") {
  const death d = die(bad_memory_far_away);
  CHECK(d.signal == SIGBUS);
  CHECK(d.output.empty());
}
