// SPDX-License-Identifier: BSL-1.0
/// @file whose_handler.hpp
/// Whose a signal handler is: nobody's, Go's, another copy's of this header. Async-signal-safe.
#ifndef CGO_GUARD_WHOSE_HANDLER_HPP
#define CGO_GUARD_WHOSE_HANDLER_HPP

#include "../runtime/libc.hpp"
#include "../unwind/dead_guards.hpp"
#include "handler_stack.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

inline int index_of(int signal) noexcept {
  for (int i = 0; i < guarded_signal_count; ++i) {
    if (guarded_signals[i] == signal) return i;
  }
  return -1;
}
inline bool is_guarded(int signal) noexcept { return index_of(signal) >= 0; }

/// Whether a handler is Go's, which is assembly without unwind tables in the module that has crosscall2.
inline bool is_gos(const struct sigaction &action) noexcept {
  const auto handler = reinterpret_cast<std::uintptr_t>(action.sa_sigaction);
  const auto go_entry = reinterpret_cast<std::uintptr_t>(&crosscall2);
  frame_description description;
  return go_entry != 0 && is_a_function(action) &&
         libc::find_eh_frame_hdr(handler) == libc::find_eh_frame_hdr(go_entry) &&
         !find_frame_description(handler, description);
}

/// Whether an action ends the process for every fault that isn't its own: the kernel's default, or Go's.
inline bool is_last(const struct sigaction &action) noexcept { return action.sa_handler == SIG_DFL || is_gos(action); }

/// Whether a handler belongs to another copy of this header, of whatever version: nobody else asks for these flags with
/// all signals blocked, or all but some of those seven. Frozen.
inline bool is_a_copys(const struct sigaction &action) noexcept {
  constexpr int flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER;
  // The kernel takes the two out that can't be blocked, and libc the two that are its own.
  constexpr std::uint64_t ignored = signal_bit(SIGKILL) | signal_bit(SIGSTOP) | libc::kept_signals;
  return is_a_function(action) && (action.sa_flags & ~restorer_flag) == flags &&
         (kernel_set(action.sa_mask) | ignored | ~mask_at_work()) == every_signal;
}

/// Whether Go hands a fault in C to a handler that was there before it: of these signals (_SigPanic in its table), and
/// only what the kernel raised (runtime/signal_unix.go, sigfwdgo).
inline bool go_passes_on(int signal, const siginfo_t &info) noexcept {
  return (signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE) && info.si_code > 0 &&
         process.before_go[index_of(signal)].exists();
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_WHOSE_HANDLER_HPP
