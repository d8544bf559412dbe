// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <alloca.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cgo_guard/detail/signal/alternate_stack.hpp>
#include <cgo_guard/detail/signal/handler_stack.hpp>
#include <cgo_guard/detail/state/process.hpp>

#include "faults.hpp"
#include "processor.hpp"
#include "support.hpp"

namespace {

namespace detail = cgo_guard::detail;

constexpr unsigned char paint = 0x5a;

/// Bytes of painted memory from its lower end that nobody has written to.
std::size_t untouched(const void *memory, std::size_t size) {
  const auto *const bytes = static_cast<const unsigned char *>(memory);
  std::size_t n = 0;
  while (n < size && bytes[n] == paint) ++n;
  return n;
}

/// The thread's alternate stack while this lives: of the given size, in the middle of memory that is not to be touched
/// and can be.
class painted_stack {
 public:
  explicit painted_stack(std::size_t size) : memory_(below + size) {
    std::memset(memory_.data(), paint, memory_.size());
    stack_t mine = {};
    mine.ss_sp = memory_.data() + below;
    mine.ss_size = size;
    if (sigaltstack(&mine, &before_) != 0) FAIL("the kernel refuses an alternate stack of " << size);
  }
  ~painted_stack() { sigaltstack(&before_, nullptr); }
  bool nothing_below_is_touched() const { return untouched(memory_.data(), below) == below; }
  std::size_t used() const { return memory_.size() - untouched(memory_.data(), memory_.size()); }
  bool contains(const void *address) const {
    return address >= memory_.data() + below && address < memory_.data() + memory_.size();
  }

 private:
  static constexpr std::size_t below = 32 * 1024;
  std::vector<unsigned char> memory_;
  stack_t before_ = {};
};

/// With what the documents say a handler needs beside the kernel's frame.
std::size_t smallest_stack() { return detail::kernel_frame_size() + detail::handler_need_without; }

/// A thread with a stack of its own size, as glibc calls it.
void run_on_thread_of(std::size_t size, void (*body)()) {
  size = std::max(size, static_cast<std::size_t>(PTHREAD_STACK_MIN));  // 128 KiB on some processors
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  REQUIRE(pthread_attr_setstacksize(&attributes, size) == 0);
  pthread_t thread;
  REQUIRE(pthread_create(
              &thread, &attributes,
              [](void *function) -> void * {
                reinterpret_cast<void (*)()>(function)();
                return nullptr;
              },
              reinterpret_cast<void *>(body)) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

void tell_and_end(int, siginfo_t *, void *) {
  static_cast<void>(!write(1, "told ", 5));
  _exit(7);
}
void tell_and_return(int, siginfo_t *, void *) { static_cast<void>(!write(1, "told ", 5)); }

void install(void (*handler)(int, siginfo_t *, void *)) {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGSEGV, &action, nullptr);
  take_the_signals();
}

/// What a guard's fault is offered to in the handler, for a core. A place where the handler itself can be made to fail.
void fail_in_the_handler(detail::core_taker *failing) {
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  detail::process.take_core.store(failing);
  static_cast<void>(caught(CGO_GUARD { faults::write_null(); }));
}
const char *fault_there(int, const siginfo_t &, const ucontext_t &) noexcept {
  faults::write_to(0x40);
  return nullptr;
}
const char *overflow_there(int, const siginfo_t &, const ucontext_t &) noexcept {
  faults::overflow_stack(0);
  return nullptr;
}
const char *abort_there(int, const siginfo_t &, const ucontext_t &) noexcept { std::abort(); }

}  // namespace

GUARDED_TEST_CASE("A fault comes back on an alternate stack that holds the kernel's frame and 2 KiB") {
  const painted_stack stack(smallest_stack());
  for (void (*fault)() : {faults::write_null, faults::call_null, faults::bus_error, +[] { std::abort(); },
                          faults::smash_return_address_and_fault, faults::break_noexcept}) {
    REQUIRE(caught(CGO_GUARD { fault(); }));
    CHECK(stack.nothing_below_is_touched());
  }
  const caught overflow(CGO_GUARD { faults::overflow_stack(0); });
  REQUIRE(overflow);
  CHECK(contains(message_of(overflow), "stack overflow"));
  CHECK(stack.nothing_below_is_touched());
  INFO("used " << stack.used() << " with the kernel's frame of up to " << detail::kernel_frame_size());
  CHECK(stack.used() <= smallest_stack());
}

GUARDED_TEST_CASE("A stack of ours has room for the handler's work three times over") {
  // The one that is free is always the first.
  detail::handler_stack_pool &stacks = detail::handler_stacks;
  const int mine = stacks.take();
  stacks.give_back(mine);
  REQUIRE(mine == 0);
  void *const lowest = reinterpret_cast<void *>(stacks.lowest(0));
  std::memset(lowest, paint, detail::handler_stack_size);
  const painted_stack stack(64 * 1024);
  static_cast<void>(caught(CGO_GUARD { faults::overflow_stack(0); }));
  static_cast<void>(caught(CGO_GUARD { faults::smash_return_address_and_fault(); }));
  static_cast<void>(caught(CGO_GUARD { faults::call_without_unwind_tables(faults::write_null); }));
  const std::size_t used = detail::handler_stack_size - untouched(lowest, detail::handler_stack_size);
  INFO("used " << used);
  CHECK(used > 0);
  CHECK(used < detail::handler_need_with_all);
}

GUARDED_TEST_CASE("Above the stacks of ours is nothing that an overflow with big frames could step into") {
  const detail::handler_stack_pool &stacks = detail::handler_stacks;
  const std::uintptr_t end = stacks.lowest(detail::handler_stack_pool::count - 1) + detail::handler_stack_size;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  CHECK(write(ends[1], reinterpret_cast<const void *>(end - 1), 1) == 1);
  std::size_t can_be_touched = 0;
  for (std::size_t at = 0; at < 1024 * 1024; at += 4096) {
    if (write(ends[1], reinterpret_cast<const void *>(end + at), 1) == 1) ++can_be_touched;
  }
  CHECK(can_be_touched == 0);
  close(ends[0]);
  close(ends[1]);
}

DEATH_CASE(unguarded_on_small_stack) {
  static painted_stack stack(smallest_stack() + 1024);
  static const auto small = [](int, siginfo_t *, void *) {
    const char here = 0;
    static_cast<void>(!write(1, stack.contains(&here) ? "on it " : "elsewhere ", 6));
    static_cast<void>(!write(1, stack.nothing_below_is_touched() ? "unharmed " : "overrun ", 9));
    _exit(0);
  };
  static_cast<void>(
      !write(1, "", 0));  // binding it takes the dynamic linker KiB of the stack that it is first called on
  install(small);
  faults::write_null();
}
TEST_CASE("Trap 3: a handler below ours runs on the stack that the kernel chose, with what room there was") {
  CHECK(die(unguarded_on_small_stack).output == "on it unharmed ");
}

DEATH_CASE(report_on_small_stack) {
  static const painted_stack stack(smallest_stack() + 1024);
  take_the_signals();
  faults::write_null();
}
TEST_CASE("A crash under no guard is reported on a small alternate stack, and ends the process") {
  const death d = die(report_on_small_stack);
  CHECK(d.signal == SIGSEGV);
  CHECK(contains(d.output, "null pointer write at 0x0"));
  CHECK(contains(d.output, detail::arch::register_name[detail::arch::pc_register]));
}

GUARDED_TEST_CASE("A thread's alternate stack, its mask and errno are what they were after a fault that came back") {
  const painted_stack stack(64 * 1024);
  stack_t before = {}, after = {};
  sigset_t mask_before, mask_after;
  sigaltstack(nullptr, &before);
  pthread_sigmask(SIG_SETMASK, nullptr, &mask_before);
  REQUIRE(caught(CGO_GUARD { faults::write_null(); }));
  sigaltstack(nullptr, &after);
  pthread_sigmask(SIG_SETMASK, nullptr, &mask_after);
  CHECK(before.ss_sp == after.ss_sp);
  CHECK(before.ss_size == after.ss_size);
  CHECK(before.ss_flags == after.ss_flags);
  for (int signal = 1; signal < 65; ++signal) {
    CHECK(sigismember(&mask_before, signal) == sigismember(&mask_after, signal));
  }
}

GUARDED_TEST_CASE("More threads than there are stacks of ours have their faults at the same time") {
  constexpr int threads = 3 * static_cast<int>(detail::handler_stack_pool::count), rounds = 100;
  std::atomic<int> ready{0}, came_back{0};
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&] {
      ++ready;
      while (ready < threads) sched_yield();
      for (int i = 0; i < rounds; ++i) came_back += caught(CGO_GUARD { faults::write_null(); }) ? 1 : 0;
    });
  }
  for (std::thread &t : all) t.join();
  CHECK(came_back == threads * rounds);
}

GUARDED_TEST_CASE("Where all stacks of ours are in use, the thread's own serves if it has the room") {
  std::vector<int> taken;
  for (int stack = 0; (stack = detail::handler_stacks.take()) >= 0;) taken.push_back(stack);
  CHECK(taken.size() == detail::handler_stack_pool::count);
  const bool without = static_cast<bool>(caught(CGO_GUARD { faults::write_null(); }));
  bool with_large = false;
  {
    const painted_stack stack(64 * 1024);
    with_large = static_cast<bool>(caught(CGO_GUARD { faults::overflow_stack(0); }));
  }
  for (int stack : taken) detail::handler_stacks.give_back(stack);
  CHECK(without);
  CHECK(with_large);
}

DEATH_CASE(no_room_anywhere) {
  install(tell_and_end);
  while (detail::handler_stacks.take() >= 0) {
  }
  const painted_stack stack(smallest_stack() + 1024);
  static_cast<void>(caught(CGO_GUARD { faults::write_null(); }));
}
TEST_CASE("Where there is no room at all, the fault goes to the handler below ours at once") {
  const death d = die(no_room_anywhere);
  CHECK(d.exit_status == 7);
  CHECK(d.output == "told ");
}

DEATH_CASE(handler_faults_over_handler) {
  install(tell_and_end);
  fail_in_the_handler(fault_there);
}
DEATH_CASE(handler_faults_over_returning_handler) {
  install(tell_and_return);
  fail_in_the_handler(fault_there);
}
DEATH_CASE(handler_faults_over_nobody) { fail_in_the_handler(fault_there); }
DEATH_CASE(handler_overflows) {
  const painted_stack stack(smallest_stack() + 1024);
  install(tell_and_end);
  fail_in_the_handler(overflow_there);
}
DEATH_CASE(handler_aborts) { fail_in_the_handler(abort_there); }
TEST_CASE("A fault in our own handler goes down the chain once, and never comes to us again") {
  const death told = die(handler_faults_over_handler);
  CHECK(told.exit_status == 7);
  CHECK(told.output == "told ");
  const death returned = die(handler_faults_over_returning_handler);
  CHECK(returned.signal == SIGSEGV);
  CHECK(returned.output == "told ");
  CHECK(die(handler_faults_over_nobody).signal == SIGSEGV);
  CHECK(die(handler_overflows).exit_status == 7);
  CHECK(die(handler_aborts).signal == SIGABRT);
}

namespace {
/// Enters a guard with so much of the stack left.
[[gnu::noinline]] void guard_near_the_end(std::size_t left) {
  pthread_attr_t attributes;
  pthread_getattr_np(pthread_self(), &attributes);
  void *end = nullptr;
  std::size_t size = 0;
  pthread_attr_getstack(&attributes, &end, &size);
  pthread_attr_destroy(&attributes);
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  volatile char *const room = static_cast<char *>(alloca(here - reinterpret_cast<std::uintptr_t>(end) - left));
  const caught inner(CGO_GUARD {
    volatile char local = 1;  // a function that calls nobody may have no frame
    room[0] = local;
  });
}
}  // namespace

// Not by the inner guard, which would fail again where it lands.
GUARDED_TEST_CASE("Where the stack ends in the frame of a guard, the guard around it takes the overflow") {
  if (!processor::prologues_have_tables)
    SKIP_CASE("clang before 15 has no tables for prologues on 64-bit Arm (docs/platforms.md)");
  static std::string wrong;
  run_on_thread_of(64 * 1024, [] {
    cgo_guard::prepare_this_thread();
    for (std::size_t left = 1024; left < 3072; left += 64) {
      const caught error(CGO_GUARD { guard_near_the_end(left); });
      const std::string message = error ? message_of(error) : "nothing";
      if (message.find("stack overflow") != 0) wrong += std::to_string(left) + ": " + message + '\n';
    }
  });
  CHECK(wrong == "");
}

GUARDED_TEST_CASE("A thread with the smallest stack there is gets its fault and its exception back") {
  static std::string fault, exception, nested;
  run_on_thread_of(16 * 1024, [] {
    if (const caught error{CGO_GUARD { faults::write_null(); }
}) fault = message_of(error);
    if (const caught error{CGO_GUARD { faults::throw_two_deep();
    }
    }) exception = message_of(error);
    });
    CHECK(fault == "null pointer write at 0x0");
    CHECK(exception == "one");
    run_on_thread_of(16 * 1024, [] {
    cgo_guard::enter_thread([] {
      if (const caught error{CGO_GUARD { faults::write_null(); }
    }) nested = message_of(error);
    });
    });
    CHECK(nested == "null pointer write at 0x0");
    }
