// SPDX-License-Identifier: BSL-1.0
/// @file handlers.hpp
/// Our place in the chain of signal handlers: installing on top of whoever is there, and passing on what is not ours.
#ifndef CGO_GUARD_HANDLERS_HPP
#define CGO_GUARD_HANDLERS_HPP

#include <cerrno>
#include <cstdlib>

#include "fault.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

inline struct sigaction &saved_action(int signal) noexcept {
  int i = 0;
  while (i < guarded_signal_count - 1 && guarded_signals[i] != signal) ++i;
  return process.saved[i];
}

/// Lets the kernel do what it does by default: the disposition is reset, and the instruction runs again or the signal
/// is sent again, so that the process ends with the right status and a core that shows the fault itself.
inline void die_by_default(int signal, const siginfo_t &info) noexcept {
  struct sigaction by_default = {};
  by_default.sa_handler = SIG_DFL;
  sigaction(signal, &by_default, nullptr);
  // A fault repeats itself when the handler returns; a signal that was sent does not.
  if (info.si_code <= 0 || signal == SIGTRAP || signal == SIGSYS) {
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signal);
  }
}

/// Calls the handler that was there before us, as if the kernel had: same arguments, same stack, its own mask.
/// Under Go that is the runtime's, which turns a nil dereference into a panic and anything else into a crash report.
inline void forward(int signal, siginfo_t *info, void *context) noexcept {
  process.count.forwarded.fetch_add(1, std::memory_order_relaxed);
  const struct sigaction &old = saved_action(signal);
  if ((old.sa_flags & SA_SIGINFO) == 0 && old.sa_handler == SIG_IGN) {
    if (info->si_code <= 0)
      return;  // sent and ignored, as asked; a real fault can't be ignored, it would repeat for ever
    die_by_default(signal, *info);
    return;
  }
  if ((old.sa_flags & SA_SIGINFO) == 0 && old.sa_handler == SIG_DFL) {
    die_by_default(signal, *info);
    return;
  }
  // Our own mask leaves the seven signals open. Returning from the handler restores the thread's mask.
  sigset_t mask = old.sa_mask;
  sigaddset(&mask, signal);
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  if ((old.sa_flags & SA_SIGINFO) != 0) {
    old.sa_sigaction(signal, info, context);
  } else {
    old.sa_handler(signal);
  }
}

inline void on_signal(int signal, siginfo_t *info, void *context) noexcept {
  arch::clear_alignment_check();
  const int saved_errno = errno;
  auto &interrupted = *static_cast<ucontext_t *>(context);
  if (!excuse_own_read(interrupted) && !take_fault(signal, *info, interrupted)) {
    errno = saved_errno;
    forward(signal, info, context);
  }
  errno = saved_errno;
}

inline struct sigaction our_action() noexcept {
  struct sigaction action = {};
  action.sa_sigaction = &on_signal;
  // SA_SIGINFO: the address and the ucontext. SA_ONSTACK: Go's threads run on small stacks and the runtime throws
  // without it; after a stack overflow there is no other stack. SA_RESTART: Go code is not written for EINTR.
  // SA_NODEFER: a probing read in the handler may fault with the very same signal.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER;
  // Everything but the seven: a preemption or profiling signal must not run Go's handler in the middle of a walk.
  sigfillset(&action.sa_mask);
  for (int signal : guarded_signals) sigdelset(&action.sa_mask, signal);
  return action;
}

inline bool is_ours(const struct sigaction &action) noexcept {
  return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == &on_signal;
}

/// Installs all seven. The old action is stored before ours is live, because the first fault may come in between.
inline void install_handlers() noexcept {
  const struct sigaction ours = our_action();
  for (int i = 0; i < guarded_signal_count; ++i) {
    struct sigaction old;
    if (sigaction(guarded_signals[i], nullptr, &old) != 0 || is_ours(old)) continue;
    process.saved[i] = old;
    sigaction(guarded_signals[i], &ours, &old);
    if (!is_ours(old)) process.saved[i] = old;  // changed under our hands
  }
}

/// Only for guards that ran before the Go runtime took the signals: it would remember ours as the handler to forward
/// to, and we would remember Go's, and a fault that is nobody's would go round for ever.
inline void remove_handlers() noexcept {
  for (int i = 0; i < guarded_signal_count; ++i) {
    struct sigaction current;
    if (sigaction(guarded_signals[i], nullptr, &current) == 0 && is_ours(current)) {
      sigaction(guarded_signals[i], &process.saved[i], nullptr);
    }
  }
}

inline std::uint32_t count_installed_handlers() noexcept {
  std::uint32_t count = 0;
  for (int signal : guarded_signals) {
    struct sigaction current;
    if (sigaction(signal, nullptr, &current) == 0 && is_ours(current)) ++count;
  }
  return count;
}

/// Whether this process contains Go, and its runtime has not started yet. Go takes SIGURG at once, for preemption, in
/// every build mode, and nobody else does.
inline bool go_is_still_to_come() noexcept {
  if (&crosscall2 == nullptr) return false;
  struct sigaction preemption;
  return sigaction(SIGURG, nullptr, &preemption) == 0 && (preemption.sa_flags & SA_SIGINFO) == 0 &&
         preemption.sa_handler == SIG_DFL;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_HANDLERS_HPP
