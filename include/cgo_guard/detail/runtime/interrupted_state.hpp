// SPDX-License-Identifier: BSL-1.0
/// @file interrupted_state.hpp
/// What a signal handler's return gives back to the code that it has interrupted, beside registers: by the kernel's
/// frame, which Linux lays out alike for all processors. Async-signal-safe.
#ifndef CGO_GUARD_INTERRUPTED_STATE_HPP
#define CGO_GUARD_INTERRUPTED_STATE_HPP

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <unistd.h>

#include "../arch/arch.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

struct interrupted_state {
  std::uint64_t mask;
  stack_t stack;
};

/// @param r the registers in the frame that a handler returns to. @return false if it is none.
inline bool find_interrupted_state(const arch::registers &r, interrupted_state &out) noexcept {
  std::uintptr_t word[3];
  if (!arch::is_signal_return(r.pc())) return false;
  static_assert(sizeof word == sizeof out.stack, "the three words of stack_t");
  const std::uintptr_t context = arch::context_at_signal_return(r), stack = context + offsetof(ucontext_t, uc_stack);
  for (std::size_t i = 0; i < 3; ++i) {
    if (arch::cgo_guard_v1_load(stack + i * sizeof word[0], &word[i]) == 0) return false;
  }
  std::memcpy(&out.stack, word, sizeof out.stack);
  return arch::cgo_guard_v1_load(context + offsetof(ucontext_t, uc_sigmask), &out.mask) != 0;
}

inline bool is_on(const stack_t &stack, std::uintptr_t sp) noexcept {
  return sp - reinterpret_cast<std::uintptr_t>(stack.ss_sp) < stack.ss_size;
}
/// Whether the kernel has taken the stack away for as long as the handler runs (SS_AUTODISARM, linux/signal.h).
inline bool is_taken_away(const stack_t &stack) noexcept {
  return (static_cast<unsigned>(stack.ss_flags) & 1U << 31) != 0;
}
/// Whether the next signal has its frame where a landing pad runs on that stack, once the stack is given back.
inline bool will_be_overwritten(const interrupted_state &state, std::uintptr_t sp) noexcept {
  return is_taken_away(state.stack) && is_on(state.stack, sp);
}

/// Makes the return of the signal handler give back what another handler's would have. The kernel's mask is 8 bytes,
/// and so is its place in the frame.
inline void give_back(const interrupted_state &state, ucontext_t &context) noexcept {
  std::memcpy(&context.uc_sigmask, &state.mask, sizeof state.mask);
  if (!is_on(state.stack, arch::sp_of(context))) context.uc_stack = state.stack;
}

/// The same in ordinary context, on the stack that was interrupted.
inline void give_back(const interrupted_state &state) noexcept {
  if (is_taken_away(state.stack)) syscall(SYS_sigaltstack, &state.stack, nullptr);
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &state.mask, nullptr, sizeof state.mask);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_INTERRUPTED_STATE_HPP
