// SPDX-License-Identifier: BSL-1.0
/// @file handlers.hpp
/// Our place in the chain of signal handlers: installing on top of whoever is there, and passing on what is not ours.
#ifndef CGO_GUARD_HANDLERS_HPP
#define CGO_GUARD_HANDLERS_HPP

#include <cerrno>
#include <cstdlib>

#include "../crash/crash_report.hpp"
#include "ask_first.hpp"
#include "call_handler.hpp"
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
  constexpr std::uint64_t ignored = signal_bit(SIGKILL) | signal_bit(SIGSTOP) | signal_bit(32) | signal_bit(33);
  return is_a_function(action) && (action.sa_flags & ~restorer_flag) == flags &&
         (kernel_set(action.sa_mask) | ignored | ~mask_at_work()) == every_signal;
}

/// Whether Go hands a fault in C to a handler that was there before it: of these signals (_SigPanic in its table), and
/// only what the kernel raised (runtime/signal_unix.go, sigfwdgo).
inline bool go_passes_on(int signal, const siginfo_t &info) noexcept {
  return (signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE) && info.si_code > 0 &&
         process.before_go[index_of(signal)].exists();
}

/// Says what crashed, where there is room for it. Nothing is said of a fault in our own handler: the report may be
/// where it was.
inline void report_crash(int signal, const siginfo_t &info, const ucontext_t &context) noexcept {
  if (interrupts_our_handler(context)) return;
  with_room(context, [&]() noexcept { report_crash_here(signal, info, context); });
}

/// Does what the action below ours says. Under Go that is the runtime's, which turns a nil dereference into a panic and
/// anything else into a crash report.
inline void forward_to(const struct sigaction &old, int signal, siginfo_t *info, void *context) noexcept {
  // With or without SA_SIGINFO: Go sets it for every handler, these two included.
  if (old.sa_handler == SIG_IGN) {
    // Ignored, as asked; a real fault can't be, it would repeat for ever.
    if (!is_raised_by_instruction(signal, *info)) return;
    die_by_default(signal, *info);
    return;
  }
  // A sanitizer's handler from before Go takes nothing: it reports in its own way, and ends the process.
  const bool last = is_last(old) && (!go_passes_on(signal, *info) || sanitizer_takes_faults());
  auto &interrupted = *static_cast<ucontext_t *>(context);
  if (last) report_crash(signal, *info, interrupted);
  if (old.sa_handler == SIG_DFL) {
    die_by_default(signal, *info);
    return;
  }
  const std::uintptr_t pc = arch::pc_of(interrupted);
  call_handler(old, signal, info, context);
  // Go ignores a fault in C where it was ignored before Go started. It would repeat for ever.
  if (last && is_raised_by_instruction(signal, *info) && arch::pc_of(interrupted) == pc) die_by_default(signal, *info);
}

/// The action that is next below ours. Where there is none left, the last one has asked us back. That may be another
/// copy of this header, which knows handlers that we don't: it goes on with those, and asks each of them once.
inline bool next_action(handler_chain &chain, int level, struct sigaction &out) noexcept {
  if (chain.claim(level, out)) return true;
  const int count = chain.count();
  return level < count + handler_chain::capacity && chain.look(count - 1, out) && is_a_copys(out);
}

inline void forward(int signal, siginfo_t *info, void *context, const forwarding_levels::turn &turn) noexcept {
  process.count.forwarded.fetch_add(1, std::memory_order_relaxed);
  const int index = index_of(signal);
  // In the child of a Go program that forked, Go is not there to be asked: its other threads are gone.
  const bool orphaned = &crosscall2 != nullptr && (getpid() != process.process_id || process.inherited_to != 0);
  struct sigaction next;
  if (index >= 0 && !orphaned && next_action(process.neighbours[index], turn.level, next)) {
    forward_to(next, signal, info, context);
  } else {
    die_by_default(signal, *info);  // all have been asked, and the last one asked us
  }
}

/// The same for one call of our handler.
[[gnu::noinline]] inline void forward_in_turn(int signal, siginfo_t *info, ucontext_t &context, const void *frame,
                                              bool from_kernel) noexcept {
  const forwarding_levels::turn turn = process.forwarding.enter(&context, frame, from_kernel);
  forward(signal, info, &context, turn);
  process.forwarding.leave(turn);
}

/// take_fault where there is room for it. Without room the fault is nobody's.
inline bool take_fault_with_room(int signal, const siginfo_t &info, ucontext_t &context) noexcept {
  bool taken = false;
  with_room(context, [&]() noexcept { taken = take_fault(signal, info, context); });
  return taken;
}

/// A signal that came while we were at work: sent, or a fault of our own. Nothing of ours looks at it, so that we never
/// enter ourselves without end; whoever is below is told once.
[[gnu::noinline]] inline void forward_interruption(int signal, siginfo_t *info, ucontext_t &context, const void *frame,
                                                   bool from_kernel) noexcept {
  const std::uintptr_t pc = arch::pc_of(context);
  forward_in_turn(signal, info, context, frame, from_kernel);
  if (is_raised_by_instruction(signal, *info) && arch::pc_of(context) == pc) die_by_default(signal, *info);
}

/// Whether the handler below ours is to be asked before a guard takes a fault.
inline bool is_to_be_asked(const struct sigaction &action, int signal, const siginfo_t &info, bool always) noexcept {
  if (!is_a_function(action) || is_a_copys(action)) return false;
  if (!is_gos(action)) return always || can_work_by_faults(action.sa_flags);
  if (!go_passes_on(signal, info)) return false;
  return always || can_work_by_faults(process.before_go[index_of(signal)].flags.load(std::memory_order_relaxed));
}

/// Whether a neighbour has a better claim to a fault than the guard that would take it, and has dealt with it.
[[gnu::noinline]] inline bool is_answered_by_neighbour(int signal, siginfo_t *info, ucontext_t &context,
                                                       const void *frame, bool from_kernel) noexcept {
  const int order = process.neighbours_asked.load(std::memory_order_relaxed);
  const bool never =
      order == CGO_GUARD_NEIGHBOURS_LAST || (order == CGO_GUARD_NEIGHBOURS_AUTO && sanitizer_takes_faults());
  const bool always = order == CGO_GUARD_NEIGHBOURS_FIRST;
  const int index = index_of(signal);
  if (never || index < 0 || !is_raised_by_instruction(signal, *info)) return false;
  handler_chain &chain = process.neighbours[index];
  struct sigaction next;
  if (chain.count() == 1 && chain.look(0, next) && !is_to_be_asked(next, signal, *info, always)) return false;

  bool his = false;
  std::uintptr_t instruction = 0;
  with_room(context, [&]() noexcept {
    his = may_be_a_neighbours(signal, *info, context, always);
    instruction = arch::instruction_bytes(arch::pc_of(context));
  });
  if (!his) return false;
  const forwarding_levels::turn turn = process.forwarding.enter(&context, frame, from_kernel);
  const bool answered = chain.look(turn.level, next) && is_to_be_asked(next, signal, *info, always) &&
                        chain.claim(turn.level, next) && ask(next, signal, info, context, instruction);
  process.forwarding.leave(turn);
  if (answered) process.count.forwarded.fetch_add(1, std::memory_order_relaxed);
  return answered;
}

/// Takes the signal, or hands it down. @param frame on_signal's.
inline void decide(int signal, siginfo_t *info, ucontext_t &context, const void *frame, bool from_kernel) noexcept {
  const int saved_errno = errno;
  if (interrupts_our_handler(context)) {
    forward_interruption(signal, info, context, frame, from_kernel);
  } else if (!is_answered_by_neighbour(signal, info, context, frame, from_kernel) &&
             !take_fault_with_room(signal, *info, context)) {
    errno = saved_errno;
    forward_in_turn(signal, info, context, frame, from_kernel);
  }
  errno = saved_errno;
}

/// It takes little of the stack that it is called on, which may be of any size (handler_stack.hpp).
inline void on_signal(int signal, siginfo_t *info, void *context) noexcept {
  arch::clear_alignment_check();
  const void *const frame = reinterpret_cast<const void *>(arch::address_in_this_frame());
  auto &interrupted = *static_cast<ucontext_t *>(context);
  if (excuse_own_read(interrupted)) return;
  const bool from_kernel = arch::called_by_kernel(frame, __builtin_return_address(0), context);
  if (from_kernel && process.mode.load(std::memory_order_relaxed) == process_mode::ready) {
    decide(signal, info, interrupted, frame, true);
    return;
  }
  // The mask may be that of a neighbour who called us, or jumped here, which looks like the kernel.
  const signal_mask during(every_signal);
  decide(signal, info, interrupted, frame, from_kernel);
}

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
