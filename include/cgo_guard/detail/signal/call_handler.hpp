// SPDX-License-Identifier: BSL-1.0
/// @file call_handler.hpp
/// A signal handler of somebody else, called as the kernel would have; and the default, done as the kernel would.
///
/// One thing is not as with the kernel: a handler without SA_ONSTACK runs on the signal stack, where we are. Moved to
/// the thread's own stack it would find a goroutine's, of 8 KiB, or one that has just overflowed. Go itself turns
/// SA_ONSTACK on for handlers that it finds. SA_RESTART is the kernel's affair when we return, and is ours.
#ifndef CGO_GUARD_CALL_HANDLER_HPP
#define CGO_GUARD_CALL_HANDLER_HPP

#include <csignal>
#include <cstdint>
#include <cstring>

#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <unistd.h>

#include "../runtime/signal_set.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// The mask is that of the interrupted code, the handler's own, and the signal itself unless SA_NODEFER leaves it open:
/// not ours. (One with SA_RESETHAND has been taken out by handler_chain::claim.) Three arguments with or without
/// SA_SIGINFO, which is what the kernel passes: old handlers take the ucontext as well.
inline void call_handler(const struct sigaction &action, int signal, siginfo_t *info, void *context) noexcept {
  std::uint64_t mask = kernel_set(static_cast<const ucontext_t *>(context)->uc_sigmask) | kernel_set(action.sa_mask);
  if ((action.sa_flags & SA_NODEFER) == 0) mask |= signal_bit(signal);
  const signal_mask during(mask);
  action.sa_sigaction(signal, info, context);
}

/// Lets the kernel do what it does by default: the disposition is reset, and the instruction runs again or the signal
/// is sent again, so that the process ends with the right status and a core that shows the fault itself.
inline void die_by_default(int signal, const siginfo_t &info) noexcept {
  // By system call. Our own sigaction would mark the process as displaced, and another thread's next guard would put
  // our handler back before the instruction has run again.
  constexpr std::uint64_t by_default[4] = {};  // the kernel's struct sigaction
  syscall(SYS_rt_sigaction, signal, by_default, nullptr, sizeof(std::uint64_t));
  // A fault repeats itself when the handler returns, but for those that stand behind their instruction.
  if (!is_raised_by_instruction(signal, info) || signal == SIGTRAP || signal == SIGSYS) {
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signal);
  }
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CALL_HANDLER_HPP
