// SPDX-License-Identifier: BSL-1.0
/// @file handler_stack.hpp
/// Stacks on which our signal handler does its work. The one that the kernel calls it on belongs to somebody who did
/// not know of us: 8 KiB are common, of which a processor with wide registers has 3 to 11 for the kernel's own frame.
///
///     the thread's own stack     ...  the fault
///     its alternate stack        the kernel's frame | on_signal, and the handlers below ours |
///     one of ours                                     is it a guard's?  what is there to say of it?
///
/// Async-signal-safe, but for prepare().
#ifndef CGO_GUARD_HANDLER_STACK_HPP
#define CGO_GUARD_HANDLER_STACK_HPP

#include <atomic>
#include <csignal>
#include <cstdint>
#include <type_traits>

#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/arch.hpp"
#include "../runtime/guarded_stack.hpp"
#include "../state/process.hpp"
#include "call_handler.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

// A walk takes 10 KiB of it, the report of a crash as much again, and a probing read that faults another frame of the
// kernel's (tests/unit/handler_stack_test.cpp measures all that).
constexpr std::size_t handler_stack_size = 64 * 1024;

// What on_signal itself takes of the stack that it is called on, and the way from there to the handler below ours.
constexpr std::size_t handler_need_without = 2 * 1024;
// The same where there is no stack of ours to be had.
constexpr std::size_t handler_need_with_all = 24 * 1024;

/// A few stacks for all threads: one is in use only while a fault is being looked at. Only the pages that
/// are touched take memory, and it is the first ones that are used again.
class handler_stack_pool {
 public:
  /// Once, in ordinary context. Without memory for them there are none.
  void prepare() noexcept {
    if (base_.load(std::memory_order_relaxed) != 0) return;
    stacks fresh;
    fresh.map();
    base_.store(fresh.base, std::memory_order_release);
  }

  /// @return -1 where all are in use.
  int take() noexcept {
    if (base_.load(std::memory_order_acquire) == 0) return -1;
    std::uint32_t taken = taken_.load(std::memory_order_relaxed);
    for (;;) {
      int free = 0;
      while (free < static_cast<int>(count) && (taken >> free & 1) != 0) ++free;
      if (free == static_cast<int>(count)) return -1;
      if (taken_.compare_exchange_weak(taken, taken | std::uint32_t{1} << free, std::memory_order_acquire)) return free;
    }
  }
  void give_back(int stack) noexcept { taken_.fetch_and(~(std::uint32_t{1} << stack), std::memory_order_release); }

  /// In a fork's child, which has none of the threads that were at work.
  void forget_other_threads() noexcept { taken_.store(0, std::memory_order_relaxed); }

  std::uintptr_t lowest(int stack) const noexcept {
    return reinterpret_cast<std::uintptr_t>(mapped().lowest(static_cast<std::size_t>(stack)));
  }
  char *top(int stack) const noexcept { return mapped().top(static_cast<std::size_t>(stack)); }
  /// Whether an address is in one of them, or in the page below it.
  bool contains(std::uintptr_t address) const noexcept { return mapped().contain(address); }

  static constexpr std::size_t count = 16;

 private:
  using stacks = guarded_stacks<handler_stack_size, count, stack_clearance>;
  stacks mapped() const noexcept { return {base_.load(std::memory_order_acquire)}; }

  std::atomic<std::uintptr_t> base_{0};
  std::atomic<std::uint32_t> taken_{0};
};

CGO_GUARD_CONSTINIT inline handler_stack_pool handler_stacks;

/// Whether a signal has interrupted our own handler at its work. No thread-local variable says so, because a plugin's
/// first touch of one may allocate; the stack does.
inline bool interrupts_our_handler(const ucontext_t &context) noexcept {
  return handler_stacks.contains(arch::sp_of(context));
}

/// Whether there is room for all of the handler's work where it was called. A thread's own stack is taken to have it.
inline bool has_room_for_all(const ucontext_t &context) noexcept {
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  const std::uintptr_t room = here - reinterpret_cast<std::uintptr_t>(context.uc_stack.ss_sp);
  return room >= context.uc_stack.ss_size || room >= handler_need_with_all;
}

/// What is blocked while the work is done: a preemption or profiling signal must not run Go's handler in the middle of
/// a walk. The seven are not, because a probing read may fault. On the way there and back everything is blocked.
inline std::uint64_t mask_at_work() noexcept {
  std::uint64_t mask = every_signal;
  for (int signal : guarded_signals) mask &= ~signal_bit(signal);
  return mask;
}

/// The work that is done on another stack.
struct work_elsewhere {
  void (*function)(void *) noexcept;
  void *argument;
  int stack;
  stack_t alternate;  ///< the thread's

  // While it is done, that stack is the thread's alternate one. Otherwise a probing read that faults would have its
  // frame at the top of the thread's own, over the frame that we are to return through. So would a signal that was
  // sent, between the one stack and the other; therefore the mask is opened last and closed first.
  static void run(void *value) noexcept {
    auto &work = *static_cast<work_elsewhere *>(value);
    stack_t ours = {};
    // Where it overflows it has to be known for left, or the kernel would put the frame of that signal below the rest.
    ours.ss_sp = reinterpret_cast<void *>(handler_stacks.lowest(work.stack) + arch::largest_push);
    ours.ss_size = handler_stack_size - arch::largest_push;
    syscall(SYS_sigaltstack, &ours, &work.alternate);
    const signal_mask open(mask_at_work());
    work.function(work.argument);
  }
};

/// Calls function(argument) where there is room for it: on a stack of ours, or right here.
/// @return false where there is none; nothing has been called then.
[[gnu::noinline]] inline bool call_with_room(const ucontext_t &context, void (*function)(void *) noexcept,
                                             void *argument) noexcept {
  work_elsewhere work{function, argument, handler_stacks.take(), {}};
  if (work.stack < 0) {
    if (!has_room_for_all(context)) return false;
    const signal_mask open(mask_at_work());
    function(argument);
    return true;
  }
  arch::cgo_guard_v1_call_on(&work_elsewhere::run, &work, handler_stacks.top(work.stack));
  syscall(SYS_sigaltstack, &work.alternate, nullptr);  // not before: the kernel refuses to change the one in use
  handler_stacks.give_back(work.stack);
  return true;
}

/// The same for a lambda.
template <class Work>
bool with_room(const ucontext_t &context, Work &&work) noexcept {
  return call_with_room(
      context, [](void *body) noexcept { (*static_cast<std::remove_reference_t<Work> *>(body))(); }, &work);
}

/// In ordinary context, before the first signal.
inline void prepare_handler_stacks() noexcept {
  handler_stacks.prepare();
  // Once there and back, so that the dynamic linker binds now what is called on the way: it takes KiB of stack for
  // that.
  const ucontext_t nowhere = {};
  with_room(nowhere, []() noexcept {});
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_HANDLER_STACK_HPP
