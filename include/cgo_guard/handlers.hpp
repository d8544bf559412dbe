// SPDX-License-Identifier: BSL-1.0
/// @file handlers.hpp
/// Our place in the chain of signal handlers: installing on top of whoever is there, and passing on what is not ours.
#ifndef CGO_GUARD_HANDLERS_HPP
#define CGO_GUARD_HANDLERS_HPP

#include <cerrno>
#include <cstdlib>

#include "crash_report.hpp"
#include "fault.hpp"
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

/// Whether a handler ends the process for every fault that isn't its own: the kernel's default, or Go's, which is
/// assembly without unwind tables in the module that has crosscall2.
inline bool is_last(const struct sigaction &action) noexcept {
  if (action.sa_handler == SIG_DFL) return true;
  const auto handler = reinterpret_cast<std::uintptr_t>(action.sa_sigaction);
  const auto go_entry = reinterpret_cast<std::uintptr_t>(&crosscall2);
  frame_description description;
  return go_entry != 0 && handler > 1 && find_eh_frame_hdr(handler) == find_eh_frame_hdr(go_entry) &&
         !find_frame_description(handler, description);
}

/// Calls the handler below ours, as if the kernel had: same arguments, same stack, its own mask. Under Go that is the
/// runtime's, which turns a nil dereference into a panic and anything else into a crash report.
inline void forward_to(const struct sigaction &old, int signal, siginfo_t *info, void *context) noexcept {
  // With or without SA_SIGINFO: Go sets it for every handler, these two included.
  if (old.sa_handler == SIG_IGN) {
    if (info->si_code <= 0)
      return;  // sent and ignored, as asked; a real fault can't be ignored, it would repeat for ever
    die_by_default(signal, *info);
    return;
  }
  const bool last = is_last(old);
  auto &interrupted = *static_cast<ucontext_t *>(context);
  if (last) report_crash(signal, *info, interrupted);
  if (old.sa_handler == SIG_DFL) {
    die_by_default(signal, *info);
    return;
  }
  // Our own mask leaves the seven signals open. Returning from the handler restores the thread's mask.
  sigset_t mask = old.sa_mask;
  sigaddset(&mask, signal);
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  const std::uintptr_t pc = arch::pc_of(interrupted);
  if ((old.sa_flags & SA_SIGINFO) != 0) {
    old.sa_sigaction(signal, info, context);
  } else {
    old.sa_handler(signal);
  }
  // Go ignores a fault in C where it was ignored before Go started. It would repeat for ever.
  if (last && info->si_code > 0 && arch::pc_of(interrupted) == pc) die_by_default(signal, *info);
}

[[gnu::noinline]] inline void forward(int signal, siginfo_t *info, void *context, bool from_kernel) noexcept {
  process.count.forwarded.fetch_add(1, std::memory_order_relaxed);
  const int index = index_of(signal);
  // In the child of a Go program that forked, Go is not there to be asked: its other threads are gone.
  const bool orphaned = &crosscall2 != nullptr && (getpid() != process.process_id || process.inherited_to != 0);
  if (index < 0 || orphaned) {
    die_by_default(signal, *info);
    return;
  }
  const int level = process.forwarding.enter(context, from_kernel);
  const struct sigaction *const old = process.neighbours[index].below(level);
  if (old != nullptr) {
    forward_to(*old, signal, info, context);
  } else {
    die_by_default(signal, *info);  // all have been asked, and the last one asked us
  }
  if (from_kernel) process.forwarding.leave(context);
}

/// take_fault where there is room for it. Without room the fault is nobody's.
inline bool take_fault_with_room(int signal, const siginfo_t &info, ucontext_t &context) noexcept {
  bool taken = false;
  with_room(context, [&]() noexcept { taken = take_fault(signal, info, context); });
  return taken;
}

/// A signal that came while we were at work: sent, or a fault of our own. Nothing of ours looks at it, so that we never
/// enter ourselves without end; whoever is below is told once.
[[gnu::noinline]] inline void forward_interruption(int signal, siginfo_t *info, void *context,
                                                   bool from_kernel) noexcept {
  const auto &interrupted = *static_cast<ucontext_t *>(context);
  const std::uintptr_t pc = arch::pc_of(interrupted);
  forward(signal, info, context, from_kernel);
  if (info->si_code > 0 && arch::pc_of(interrupted) == pc) die_by_default(signal, *info);
}

/// It takes little of the stack that it is called on, which may be of any size (handler_stack.hpp).
inline void on_signal(int signal, siginfo_t *info, void *context) noexcept {
  arch::clear_alignment_check();
  const bool from_kernel = arch::called_by_kernel(__builtin_dwarf_cfa(), context);
  auto &interrupted = *static_cast<ucontext_t *>(context);
  if (excuse_own_read(interrupted)) return;
  const int saved_errno = errno;
  if (interrupts_our_handler(interrupted)) {
    forward_interruption(signal, info, context, from_kernel);
  } else if (!take_fault_with_room(signal, *info, interrupted)) {
    errno = saved_errno;
    forward(signal, info, context, from_kernel);
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

/// Installs all seven on top. The action below is stored before ours is live, because the first fault may come in
/// between.
inline void install_handlers() noexcept {
  const struct sigaction ours = our_action();
  for (int i = 0; i < guarded_signal_count; ++i) {
    struct sigaction old;
    if (sigaction(guarded_signals[i], nullptr, &old) != 0 || is_ours(old)) continue;
    process.neighbours[i].put_on_top(old);
    sigaction(guarded_signals[i], &ours, &old);
    if (!is_ours(old)) process.neighbours[i].put_on_top(old);  // changed under our hands
  }
}

/// Only for guards that ran before the Go runtime took the signals: it would remember ours as the handler to forward
/// to, and we would remember Go's, and a fault that is nobody's would go round for ever.
inline void remove_handlers() noexcept {
  for (int i = 0; i < guarded_signal_count; ++i) {
    struct sigaction current;
    const struct sigaction *const below = process.neighbours[i].below(0);
    if (below != nullptr && sigaction(guarded_signals[i], nullptr, &current) == 0 && is_ours(current)) {
      sigaction(guarded_signals[i], below, nullptr);
    }
    process.neighbours[i].clear();
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
