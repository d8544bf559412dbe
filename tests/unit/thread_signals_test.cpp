// SPDX-License-Identifier: BSL-1.0
#include <csignal>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cgo_guard/detail/signal/alternate_stack.hpp>
#include <cgo_guard/thread.hpp>

#include "faults.hpp"
#include "support.hpp"

namespace {

stack_t stack_now() {
  stack_t current = {};
  sigaltstack(nullptr, &current);
  return current;
}

std::uint64_t blocked_now() {
  cgo_guard_stats stats = {};
  stats.struct_size = sizeof stats;
  cgo_guard_get_stats(&stats);
  return stats.blocked;
}

bool is_blocked(int signal) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return sigismember(&mask, signal) == 1;
}

void block_all() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

/// A thread of a library that leaves all signals to the main thread.
template <class Body>
void run_with_all_blocked(Body &&body) {
  std::thread([&] {
    block_all();
    body();
  }).join();
}

/// The thread's alternate stack while this lives: 8 KiB above a page that can't be touched, as some runtimes give each
/// of their threads.
class small_stack {
 public:
  small_stack() {
    memory_ =
        static_cast<char *>(mmap(nullptr, page + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(memory_, page, PROT_NONE);
    stack_t mine = {};
    mine.ss_sp = lowest();
    mine.ss_size = size;
    sigaltstack(&mine, &before_);
  }
  ~small_stack() {
    stack_t none = {};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
    munmap(memory_, page + size);
  }
  void *lowest() const { return memory_ + page; }
  bool is_in_use() const { return stack_now().ss_sp == lowest(); }

 private:
  static constexpr std::size_t page = cgo_guard::detail::arch::largest_page_size;
  /// The kernel's frame, and more than a guard and its handler take.
  const std::size_t size = cgo_guard::detail::kernel_frame_size() + 8192;
  char *memory_;
  stack_t before_ = {};
};

constexpr int of_faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

}  // namespace

GUARDED_TEST_CASE("Stats say how many of the signals that a fault raises are blocked on the calling thread") {
  CHECK(blocked_now() == 0);
  run_with_all_blocked([] { CHECK(blocked_now() == 6); });
}

DEATH_CASE(thread_of_ours_with_all_blocked) {
  block_all();
  cgo_guard::thread worker([] { faults::write_null(); });
  const caught error(worker.join_report());
  std::printf("%s", error ? error->message : "no error");
}
TEST_CASE("A fault on a cgo_guard::thread comes back, although its creator had all signals blocked") {
  CHECK(die(thread_of_ours_with_all_blocked).output == "null pointer write at 0x0");
}

DEATH_CASE(every_fault_with_all_blocked) {
  run_with_all_blocked([] {
    cgo_guard::prepare_this_thread();
    int came_back = 0;
    for (void (*fault)() :
         {faults::write_null, faults::bus_error, +[] { faults::arithmetic_exception(); }, faults::trap_instruction,
          faults::breakpoint, +[] { faults::overflow_stack(0); }, +[] { std::abort(); }}) {
      if (caught(CGO_GUARD { fault(); })) ++came_back;
    }
    std::printf("%d", came_back);
  });
}
TEST_CASE("Every fault comes back after prepare_this_thread on a thread that had all signals blocked") {
  CHECK(die(every_fault_with_all_blocked).output == "7");
}

GUARDED_TEST_CASE("prepare_this_thread leaves the other signals blocked, SIGABRT among them") {
  run_with_all_blocked([] {
    cgo_guard::prepare_this_thread();
    CHECK(blocked_now() == 0);
    for (int signal : of_faults) CHECK_FALSE(is_blocked(signal));
    for (int signal : {SIGABRT, SIGUSR1, SIGURG, SIGPROF, SIGTERM}) CHECK(is_blocked(signal));
  });
}

DEATH_CASE(entered_with_all_blocked) {
  run_with_all_blocked([] {
    cgo_guard::enter_thread([] { throw 1; });
    const bool good = cgo_guard::enter_thread([] { faults::write_null(); });
    std::printf("%s, then %d blocked", good ? "succeeded" : "failed", static_cast<int>(blocked_now()));
  });
}
TEST_CASE("enter_thread lets the signals of faults in as long as it runs, and blocks them again") {
  CHECK(contains(die(entered_with_all_blocked).output, "failed, then 6 blocked"));
}

GUARDED_TEST_CASE("enter_thread leaves a thread that had nothing blocked like that") {
  std::thread([] {
    CHECK(cgo_guard::enter_thread([] {}));
    CHECK(blocked_now() == 0);
  }).join();
}

DEATH_CASE(guard_with_all_blocked) {
  take_the_signals();
  run_with_all_blocked([] { static_cast<void>(caught(CGO_GUARD { faults::write_null(); })); });
}
TEST_CASE("A bare guard changes no mask: a fault ends the process where its signal is blocked") {
  CHECK(die(guard_with_all_blocked).signal == SIGSEGV);
}

GUARDED_TEST_CASE("prepare_this_thread replaces an alternate stack that is too small") {
  std::thread([] {
    const small_stack small;
    CHECK(cgo_guard::prepare_this_thread());
    CHECK_FALSE(small.is_in_use());
    CHECK(stack_now().ss_size >= 32 * 1024);
    const caught error(CGO_GUARD { faults::overflow_stack(0); });
    REQUIRE(error);
    CHECK(contains(message_of(error), "stack overflow"));
  }).join();
}

GUARDED_TEST_CASE("Above a thread's alternate stack is nothing that an overflow with big frames could step into") {
  std::thread([] {
    REQUIRE(cgo_guard::prepare_this_thread());
    const stack_t mine = stack_now();
    const char *const end = static_cast<const char *>(mine.ss_sp) + mine.ss_size;
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    CHECK(write(ends[1], end - 1, 1) == 1);
    std::size_t can_be_touched = 0;
    for (std::size_t at = 0; at < 1024 * 1024; at += 4096) {
      if (write(ends[1], end + at, 1) == 1) ++can_be_touched;
    }
    CHECK(can_be_touched == 0);
    close(ends[0]);
    close(ends[1]);
  }).join();
}

GUARDED_TEST_CASE("enter_thread puts a small alternate stack aside as long as it runs, every time") {
  std::thread([] {
    const small_stack small;
    void *of_first = nullptr;
    for (int i = 0; i < 3; ++i) {
      cgo_guard::enter_thread([&] {
        CHECK_FALSE(small.is_in_use());
        if (of_first == nullptr) of_first = stack_now().ss_sp;
        CHECK(stack_now().ss_sp == of_first);
      });
      CHECK(small.is_in_use());
    }
  }).join();
}

GUARDED_TEST_CASE("A stack that the thread's owner has put there meanwhile is not replaced by the one of before") {
  std::thread([] {
    const small_stack small;
    std::vector<char> memory(64 * 1024);
    cgo_guard::enter_thread([&] {
      stack_t other = {};
      other.ss_sp = memory.data();
      other.ss_size = memory.size();
      sigaltstack(&other, nullptr);
    });
    CHECK(stack_now().ss_sp == memory.data());
  }).join();
}

GUARDED_TEST_CASE("In a handler that runs on a small alternate stack it can't be replaced, and that is said") {
  static volatile bool prepared;
  static volatile bool entered;
  std::thread([] {
    const small_stack small;
    prepared = true;
    entered = false;
    struct sigaction action = {}, old;
    action.sa_handler = [](int) {
      prepared = cgo_guard::prepare_this_thread();
      entered = cgo_guard::enter_thread([] {});
    };
    action.sa_flags = SA_ONSTACK;
    sigaction(SIGUSR1, &action, &old);
    pthread_kill(pthread_self(), SIGUSR1);
    sigaction(SIGUSR1, &old, nullptr);
    CHECK_FALSE(prepared);
    CHECK(entered);
    CHECK(small.is_in_use());
  }).join();
}
