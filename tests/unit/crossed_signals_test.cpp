// SPDX-License-Identifier: BSL-1.0
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cgo_guard/detail/frames/cursor.hpp>
#include <cgo_guard/detail/frames/frame_cache.hpp>
#include <cgo_guard/detail/frames/walk.hpp>

#include "faults.hpp"
#include "processor.hpp"
#include "support.hpp"

namespace {

/// A handler of the program's while this lives, with all signals blocked but those that it needs.
class program_handler {
 public:
  program_handler(int signal, void (*handler)(int), int flags = 0) : signal_(signal) {
    struct sigaction action = {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigfillset(&action.sa_mask);
    for (int needed : {SIGSEGV, SIGUSR2}) sigdelset(&action.sa_mask, needed);
    sigaction(signal, &action, &before_);
  }
  ~program_handler() { sigaction(signal_, &before_, nullptr); }

 private:
  int signal_;
  struct sigaction before_;
};

class alternate_stack {
 public:
  explicit alternate_stack(int flags = 0) : memory_(64 * 1024) {
    stack_t mine = {};
    mine.ss_sp = memory_.data();
    mine.ss_size = memory_.size();
    mine.ss_flags = flags;
    sigaltstack(&mine, &before_);
  }
  ~alternate_stack() { sigaltstack(&before_, nullptr); }
  bool is_in_place() const {
    stack_t now = {};
    sigaltstack(nullptr, &now);
    return now.ss_sp == memory_.data() && now.ss_size == memory_.size() && (now.ss_flags & SS_DISABLE) == 0;
  }

 private:
  std::vector<char> memory_;
  stack_t before_ = {};
};

std::string blocked_now() {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  std::string result;
  for (int signal = 1; signal < 65; ++signal) {
    if (sigismember(&mask, signal) == 1) result += std::to_string(signal) + " ";
  }
  return result;
}

int destroyed;
struct counts {
  ~counts() { ++destroyed; }
};

void fault(int) { faults::write_null(); }
void fault_and_clean_up(int) {
  const counts in_handler;
  faults::write_null();
}
void raise_another(int) { raise(SIGUSR2); }
void throw_out(int) { throw std::runtime_error("thrown in a handler"); }

/// Sends itself a signal without calling anything, so that this function is the one that is interrupted.
__attribute__((noinline)) void interrupted_itself() {
  const counts in_interrupted;
  const long process = getpid(), thread = syscall(SYS_gettid), number = SIGUSR1;
  processor::system_call(SYS_tgkill, process, thread, number);
  faults::read_from(reinterpret_cast<std::uintptr_t>(&number));
}
__attribute__((noinline)) void calls_interrupted() {
  const counts in_caller;
  interrupted_itself();
}

constexpr int autodisarm = static_cast<int>(1U << 31);  // SS_AUTODISARM of linux/signal.h

}  // namespace

GUARDED_TEST_CASE("Trap 4: a fault in a handler of the program's leaves with the mask of what it interrupted") {
  const alternate_stack stack;
  const std::string before = blocked_now();
  for (int flags : {0, SA_ONSTACK, SA_NODEFER, SA_RESTART | SA_ONSTACK}) {
    const program_handler handler(SIGUSR1, fault, flags);
    const caught error(CGO_GUARD { raise(SIGUSR1); });
    REQUIRE(error);
    CHECK(error->number == SIGSEGV);
    CHECK(blocked_now() == before);
    CHECK(stack.is_in_place());
  }
}

GUARDED_TEST_CASE("What the interrupted thread had blocked is blocked again, and no more") {
  sigset_t some, before;
  sigemptyset(&some);
  sigaddset(&some, SIGALRM);
  pthread_sigmask(SIG_BLOCK, &some, &before);
  const std::string blocked = blocked_now();
  {
    const program_handler handler(SIGUSR1, fault);
    CHECK(caught(CGO_GUARD { raise(SIGUSR1); }));
  }
  CHECK(blocked_now() == blocked);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

GUARDED_TEST_CASE("Of several handlers that are left, the first has interrupted the guarded code") {
  const std::string before = blocked_now();
  const program_handler first(SIGUSR1, raise_another), second(SIGUSR2, fault);
  const caught error(CGO_GUARD { raise(SIGUSR1); });
  REQUIRE(error);
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_PARTIAL);
  CHECK(error->skipped == 2);
  CHECK(blocked_now() == before);
}

GUARDED_TEST_CASE("A guard inside a handler leaves the handler's mask alone") {
  static std::string inside, after_fault;
  const program_handler handler(SIGUSR1, [](int) {
    inside = blocked_now();
    const caught error(CGO_GUARD { faults::write_null(); });
    after_fault = blocked_now();
  });
  raise(SIGUSR1);
  CHECK_FALSE(inside.empty());
  CHECK(after_fault == inside);
}

GUARDED_TEST_CASE(
    "Trap 14: what was interrupted is no place to land: its destructors don't run, and the error says so") {
  const program_handler handler(SIGUSR1, fault_and_clean_up);
  destroyed = 0;
  const caught error(CGO_GUARD { calls_interrupted(); });
  REQUIRE(error);
  CHECK(error->number == SIGSEGV);
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_PARTIAL);
  CHECK(error->skipped == 1);
  CHECK(destroyed == 2);  // in the handler, and in the caller of what was interrupted
}

GUARDED_TEST_CASE("Complete is not said where only the interrupted frame stands between handler and guard") {
  const program_handler handler(SIGUSR1, fault);
  const caught error(CGO_GUARD { raise(SIGUSR1); });
  REQUIRE(error);
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_PARTIAL);
  CHECK(error->skipped == 1);
}

GUARDED_TEST_CASE(
    "The kernel's frame has the registers that the tables find, for libraries that give no tables to it") {
  if (!cgo_guard::detail::libc::signal_return_has_tables) SKIP_CASE("there are no tables to compare with here");
  static bool is_there, is_left;
  static cgo_guard::detail::arch::registers by_tables, by_frame;
  is_there = is_left = false;
  const program_handler handler(SIGUSR1, [](int) {
    using namespace cgo_guard::detail;
    frame_cache cache;
    arch::cgo_guard_v1_capture(&by_frame);
    cursor position(by_frame, false, cache);
    for (const frame_facts *facts; !is_there && (facts = position.describe()) != nullptr;) {
      by_frame = position.registers();
      is_there = facts->signal_frame && arch::is_signal_return(by_frame.pc());
      if (position.step() != step_result::stepped) return;
    }
    by_tables = position.registers();
    is_left = arch::leave_signal_frame(by_frame);
  });
  raise(SIGUSR1);
  REQUIRE(is_there);
  REQUIRE(is_left);
  CHECK(std::memcmp(by_tables.value, by_frame.value, sizeof by_frame.value) == 0);
}

GUARDED_TEST_CASE("An exception that leaves a handler of the program's gives back the mask, and is not complete") {
  const std::string before = blocked_now();
  const program_handler handler(SIGUSR1, throw_out);
  for (int i = 0; i < 3; ++i) {
    const caught error(CGO_GUARD { raise(SIGUSR1); });
    REQUIRE(error);
    CHECK(message_of(error) == "thrown in a handler");
    CHECK(error->cleanup == CGO_GUARD_CLEANUP_PARTIAL);
    CHECK(error->skipped == 1);
    CHECK(blocked_now() == before);
  }
  const caught ordinary(CGO_GUARD { faults::throw_two_deep(); });
  REQUIRE(ordinary);
  CHECK(ordinary->cleanup == CGO_GUARD_CLEANUP_COMPLETE);
}

GUARDED_TEST_CASE("An alternate stack that the kernel takes away for a handler is the thread's again afterwards") {
  if (under_emulation()) SKIP_CASE("the emulator knows no SS_AUTODISARM");
  std::thread([] {
    const alternate_stack stack(autodisarm);
    if (!stack.is_in_place()) return;  // before Linux 4.7
    {
      const program_handler handler(SIGUSR1, fault_and_clean_up, SA_ONSTACK);
      CHECK(caught(CGO_GUARD { raise(SIGUSR1); }));
      CHECK(stack.is_in_place());
    }
    const program_handler handler(SIGUSR1, throw_out, SA_ONSTACK);
    CHECK(caught(CGO_GUARD { raise(SIGUSR1); }));
    CHECK(stack.is_in_place());
  }).join();
}
