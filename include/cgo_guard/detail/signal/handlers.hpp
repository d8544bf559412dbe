// SPDX-License-Identifier: BSL-1.0
/// @file handlers.hpp
/// Our place in the chain of signal handlers: installing on top of whoever is there.
#ifndef CGO_GUARD_HANDLERS_HPP
#define CGO_GUARD_HANDLERS_HPP

#include <cstdlib>

#include "on_signal.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

inline struct sigaction our_action() noexcept {
  struct sigaction action = {};
  action.sa_sigaction = &on_signal;
  // SA_SIGINFO: the address and the ucontext. SA_ONSTACK: Go's threads run on small stacks and the runtime throws
  // without it; after a stack overflow there is no other stack. SA_RESTART: Go code is not written for EINTR.
  // SA_NODEFER says nothing beside this mask, but it is by these flags that copies know each other (is_a_copys).
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER;
  // All signals: one that is sent again and again would pile up frames of ours until the stack is full. Where the work
  // is done, those that it may need are let in (handler_stack.hpp).
  sigfillset(&action.sa_mask);
  return action;
}

/// Whether somebody means our handler, whatever flags he knows.
inline bool names_ours(const struct sigaction &action) noexcept { return action.sa_sigaction == &on_signal; }

inline bool is_ours(const struct sigaction &action) noexcept {
  return (action.sa_flags & SA_SIGINFO) != 0 && names_ours(action);
}

// sa_restorer is libc's own: its sigaction gives back what the kernel has there, and does not read what it is given
// (sysdeps/unix/sysv/linux/x86_64/libc_sigaction.c, SET_SA_RESTORER). No function has such an address.
constexpr std::uintptr_t moment_mark = std::uintptr_t{0x6d6f6d74} << 32;

/// Writes on our own action when it was handed out, as a generation of the chain's guests (neighbours.hpp).
inline void set_moment(struct sigaction &ours, std::uint32_t generation) noexcept {
  ours.sa_restorer = reinterpret_cast<void (*)()>(moment_mark | generation);
}
inline bool moment_of(const struct sigaction &ours, std::uint32_t &generation) noexcept {
  const auto mark = reinterpret_cast<std::uintptr_t>(ours.sa_restorer);
  generation = static_cast<std::uint32_t>(mark);
  return (mark & ~std::uintptr_t{0xffffffff}) == moment_mark;
}

/// Installs all seven on top. The action below is stored before ours is live, because the first fault may come in
/// between.
/// @param guests whether ours have been there before, so that what is over them came later.
inline void install_handlers(bool guests) noexcept {
  struct sigaction ours = our_action(), old;
  for (int i = 0; i < guarded_signal_count; ++i) {
    if (sigaction(guarded_signals[i], nullptr, &old) != 0 || is_ours(old)) continue;
    process.neighbours[i].put_on_top(old, guests);
    set_moment(ours, process.neighbours[i].generation());  // nobody is to be forgotten
    sigaction(guarded_signals[i], &ours, &old);
    if (!is_ours(old)) process.neighbours[i].put_on_top(old, guests);  // changed under our hands
  }
}

/// Only for guards that ran before the Go runtime took the signals: it would remember ours as the handler to forward
/// to, and we would remember Go's, and a fault that is nobody's would go round for ever.
inline void remove_handlers() noexcept {
  for (int i = 0; i < guarded_signal_count; ++i) {
    struct sigaction current, below;
    if (process.neighbours[i].look(0, below) && sigaction(guarded_signals[i], nullptr, &current) == 0 &&
        is_ours(current)) {
      sigaction(guarded_signals[i], &below, nullptr);
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
