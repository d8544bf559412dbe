// SPDX-License-Identifier: BSL-1.0
// Guards that are not to be come back to. Those that were left without returning: a Go panic does that, and here a
// longjmp. Their trampolines' frames stay below the stack pointer, and later frames that don't write all their locals
// bring them back. And those of other stacks.
#include <alloca.h>
#include <csignal>
#include <cstdio>
#include <thread>

#include <sys/mman.h>
#include <ucontext.h>

#include <cgo_guard/detail/frames/cursor.hpp>
#include <cgo_guard/detail/frames/frame_cache.hpp>
#include <cgo_guard/detail/state/record.hpp>
#include <cgo_guard/detail/unwind/scan.hpp>

#include "c_library.hpp"
#include "faults.hpp"
#include "processor.hpp"
#include "support.hpp"

namespace {

#define KEEP asm volatile("" ::: "memory")

processor::jump_target outside;

__attribute__((noinline)) void leave_a_guard() {
  const caught never(CGO_GUARD {
    KEEP;
    PROCESSOR_JUMP(outside);
  });
}

/// Leaves a dead guard `depth` bytes further down than this function's own frame.
__attribute__((noinline)) void leave_a_guard_below(std::size_t depth) {
  auto *const room = static_cast<volatile char *>(alloca(depth));
  room[0] = 0;
  leave_a_guard();
  room[0] = 1;
}

__attribute__((noinline)) void litter(std::size_t depth) {
  if (PROCESSOR_SET_JUMP(outside) == 0) leave_a_guard_below(depth);
  KEEP;
}

/// Overflows its stack buffer, below kilobytes that it never wrote.
__attribute__((noinline)) void fail_with_room(std::size_t depth) {
  auto *const room = static_cast<volatile char *>(alloca(depth));
  room[0] = 0;
  faults::smash_return_address_and_fault();
  room[0] = 1;
}

/// The block's frame is followed by `depth` bytes of what was there before.
__attribute__((noinline)) caught fail_under_guard(std::size_t depth) {
  return caught(CGO_GUARD {
    fail_with_room(depth);
    KEEP;
  });
}

__attribute__((noinline)) caught fail_under_inner_guard(std::size_t depth) {
  caught inner;
  const caught outer(CGO_GUARD {
    inner = fail_under_guard(depth);
    KEEP;
  });
  return outer ? nullptr : std::move(inner);
}

struct counts_its_end {
  int &ends;
  ~counts_its_end() { ++ends; }
};
__attribute__((noinline)) void fail_with_cleanup(int &ends) {
  const counts_its_end cleanup{ends};
  char room[512];
  asm volatile("" : : "r"(room) : "memory");
  faults::write_null();
  asm volatile("" : : "r"(room) : "memory");
}

__attribute__((noinline)) caught fail_on_intact_stack(std::size_t) {
  int ends = 0;
  caught error(CGO_GUARD {
    fail_with_cleanup(ends);
    KEEP;
  });
  return ends == 1 ? std::move(error) : nullptr;
}

/// How many of the failures come back to their guard, with dead guards at all distances in the memory that it and the
/// smashed function use.
template <caught (*fail)(std::size_t)>  // the call has to name its target, as calls of cgo's do
int survivors(std::size_t room) {
  int result = 0;
  for (std::size_t depth = 16; depth <= 8192; depth += 16) {
    litter(depth);
    const caught error = fail(room);
    result += error && error->number == SIGSEGV && (room == 0) == (error->cleanup == CGO_GUARD_CLEANUP_COMPLETE) &&
              error->address == 0;
  }
  return result;
}

/// What a stack smashed here would come back to.
__attribute__((noinline)) cgo_guard::detail::guard_frame scan_with_room() {
  using namespace cgo_guard::detail;
  auto *const room = static_cast<volatile char *>(alloca(8192));
  room[0] = 0;
  frame_cache cache;
  arch::registers here;
  arch::cgo_guard_v1_capture(&here);
  const guard_frame found = scan_for_guard(cursor(here, false, cache), cache);
  room[0] = 1;
  return found;
}
__attribute__((noinline)) bool would_come_back() {
  const bool found = static_cast<bool>(scan_with_room());
  KEEP;
  return found;
}

#if C_LIBRARY_HAS_CONTEXTS
/// Two coroutines of one thread, their stacks side by side below the thread's. The upper one waits in its guard.
struct two_coroutines {
  static constexpr std::size_t stack_size = 256 * 1024;
  ucontext_t thread, waiting, failing;
} coroutines;

extern "C" __attribute__((used)) void cgo_guard_test_wait_in_a_guard() {
  const caught never(CGO_GUARD { swapcontext(&coroutines.waiting, &coroutines.thread); });
  std::printf("went on behind a guard that waits");
  std::fflush(stdout);
  _exit(1);
}
void (*failure)();
extern "C" __attribute__((used)) void cgo_guard_test_fail() {
  failure();
  KEEP;
}
// The outermost frame of a coroutine, as libraries write it.
__asm__(PROCESSOR_OUTERMOST_FUNCTION("cgo_guard_test_entry_of_waiting", "cgo_guard_test_wait_in_a_guard")
            PROCESSOR_OUTERMOST_FUNCTION("cgo_guard_test_entry_of_failing", "cgo_guard_test_fail"));
extern "C" void cgo_guard_test_entry_of_waiting();
extern "C" void cgo_guard_test_entry_of_failing();

void make_coroutine(ucontext_t &context, void *stack, void (*entry)()) {
  getcontext(&context);
  context.uc_stack.ss_sp = stack;
  context.uc_stack.ss_size = two_coroutines::stack_size;
  context.uc_link = &coroutines.thread;
  makecontext(&context, entry, 0);
}

void fail_beside_a_waiting_guard(void (*f)()) {
  failure = f;
  std::thread([] {
    auto *const stacks = static_cast<char *>(
        mmap(nullptr, 2 * two_coroutines::stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    make_coroutine(coroutines.failing, stacks, &cgo_guard_test_entry_of_failing);
    make_coroutine(coroutines.waiting, stacks + two_coroutines::stack_size, &cgo_guard_test_entry_of_waiting);
    swapcontext(&coroutines.thread, &coroutines.waiting);
    swapcontext(&coroutines.thread, &coroutines.failing);
  }).join();
}

#endif
}  // namespace

#if C_LIBRARY_HAS_CONTEXTS
DEATH_CASE(fault_beside_a_waiting_guard) { fail_beside_a_waiting_guard(faults::write_null); }
DEATH_CASE(smash_beside_a_waiting_guard) { fail_beside_a_waiting_guard(faults::smash_return_address_and_fault); }
DEATH_CASE(abort_beside_a_waiting_guard) { fail_beside_a_waiting_guard(std::abort); }
DEATH_CASE(terminate_beside_a_waiting_guard) { fail_beside_a_waiting_guard(std::terminate); }
TEST_CASE("A crash of one coroutine is not taken by the guard of another, which waits") {
  CHECK(die(fault_beside_a_waiting_guard).signal == SIGSEGV);
  CHECK(die(smash_beside_a_waiting_guard).signal == SIGSEGV);
  CHECK(die(abort_beside_a_waiting_guard).signal == SIGABRT);
  CHECK(die(terminate_beside_a_waiting_guard).signal == SIGABRT);
}
#else
TEST_CASE("A crash of one coroutine is not taken by the guard of another, which waits") {
  SKIP_CASE(c_library::why_no_contexts);
}
#endif

TEST_CASE("Traps 23 and 35: under no guard, a dead one is not come back to") {
  bool comes_back_to_one_in_use = false;
  const caught error(CGO_GUARD {
    comes_back_to_one_in_use = would_come_back();
    KEEP;
  });
  CHECK(comes_back_to_one_in_use);
  if (!processor::calls_push_the_return_address)
    SKIP_CASE("the frames of a dead guard may still fit those of today (docs/design.md, Dead guards)");
  int found = 0;
  for (std::size_t depth = 16; depth <= 8192; depth += 16) {
    litter(depth);
    found += would_come_back();
  }
  CHECK(found == 0);
}

DEATH_CASE(walked_over_dead_guards) { std::printf("%d of 512", survivors<fail_on_intact_stack>(0)); }
TEST_CASE("Trap 23: a frame that stands where a guard has died is not taken for the guard") {
  const death d = die(walked_over_dead_guards);
  CHECK(d.output == "512 of 512");
}

DEATH_CASE(smashed_above_dead_guards) { std::printf("%d of 512", survivors<fail_under_guard>(4096)); }
TEST_CASE("Traps 23 and 35: a smashed stack with dead guards in its frames comes back to the guard in use") {
  const death d = die(smashed_above_dead_guards);
  CHECK(d.output == "512 of 512");
}

DEATH_CASE(smashed_in_an_inner_guard) { std::printf("%d of 512", survivors<fail_under_inner_guard>(4096)); }
TEST_CASE("Traps 23 and 35: a smashed stack with dead guards in its frames comes back to the inner of two guards") {
  const death d = die(smashed_in_an_inner_guard);
  CHECK(d.output == "512 of 512");
}
