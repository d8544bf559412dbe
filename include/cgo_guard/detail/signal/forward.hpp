// SPDX-License-Identifier: BSL-1.0
/// @file forward.hpp
/// What is not ours is passed on: to the handler that is next below, or to the kernel. Async-signal-safe.
#ifndef CGO_GUARD_FORWARD_HPP
#define CGO_GUARD_FORWARD_HPP

#include "../crash/crash_report.hpp"
#include "../state/sanitizer.hpp"
#include "call_handler.hpp"
#include "delivery.hpp"
#include "whose_handler.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Says what crashed, where there is room for it. Nothing is said of a fault in our own handler: the report may be
/// where it was.
inline void report_crash(int signal, const siginfo_t &info, const ucontext_t &context) noexcept {
  if (interrupts_our_handler(context)) return;
  with_room(context, [&]() noexcept { report_crash_here(signal, info, context); });
}

/// Whether the thread goes on at an instruction that has raised the signal, and will again.
inline bool would_repeat(int signal, const siginfo_t &info, const ucontext_t &context, std::uintptr_t pc) noexcept {
  return is_raised_by_instruction(signal, info) && arch::pc_of(context) == pc;
}

/// Whether an action ends the process for this fault. A sanitizer's handler from before Go takes nothing: it
/// reports in its own way, and ends the process.
inline bool is_last_for(const struct sigaction &action, int signal, const siginfo_t &info) noexcept {
  return is_last(action) && (!go_passes_on(signal, info) || sanitizer_takes_faults());
}

/// Does what the action below ours says. Under Go that is the runtime's, which turns a nil dereference into a panic and
/// anything else into a crash report.
inline void forward_to(const struct sigaction &below, const delivery &d) noexcept {
  // With or without SA_SIGINFO: Go sets it for every handler, these two included.
  if (below.sa_handler == SIG_IGN) {
    // Ignored, as asked; a real fault can't be, it would repeat for ever.
    if (is_raised_by_instruction(d.signal, *d.info)) die_by_default(d.signal, *d.info);
    return;
  }
  const bool last = is_last_for(below, d.signal, *d.info);
  if (last) report_crash(d.signal, *d.info, d.context);
  if (below.sa_handler == SIG_DFL) {
    die_by_default(d.signal, *d.info);
    return;
  }
  const std::uintptr_t pc = arch::pc_of(d.context);
  call_handler(below, d.signal, d.info, &d.context);
  // Go ignores a fault in C where it was ignored before Go started. It would repeat for ever.
  if (last && would_repeat(d.signal, *d.info, d.context, pc)) die_by_default(d.signal, *d.info);
}

/// The action that is next below ours. Where there is none left, the last one has asked us back. That may be another
/// copy of this header, which knows handlers that we don't: it goes on with those, and asks each of them once.
inline bool next_action(handler_chain &chain, int level, struct sigaction &out) noexcept {
  if (chain.claim(level, out)) return true;
  const int count = chain.count();
  return level < count + handler_chain::capacity && chain.look(count - 1, out) && is_a_copys(out);
}

/// Whether this is the child of a Go program that forked. Go is not there to be asked: its other threads are gone.
inline bool is_child_without_go() noexcept {
  return &crosscall2 != nullptr && (getpid() != process.process_id || process.inherited_to != 0);
}

/// Hands a signal to whoever is next below, at this call of our handler.
[[gnu::noinline]] inline void forward(const delivery &d) noexcept {
  const forwarding_levels::turn turn = process.forwarding.enter(&d.context, d.frame, d.from_kernel);
  process.count.forwarded.fetch_add(1, std::memory_order_relaxed);
  const int index = index_of(d.signal);
  struct sigaction next;
  if (index >= 0 && !is_child_without_go() && next_action(process.neighbours[index], turn.level, next)) {
    forward_to(next, d);
  } else {
    die_by_default(d.signal, *d.info);  // all have been asked, and the last one asked us
  }
  process.forwarding.leave(turn);
}

/// A signal that came while we were at work: sent, or a fault of our own. Nothing of ours looks at it, so that we never
/// enter ourselves without end; whoever is below is told once.
[[gnu::noinline]] inline void forward_interruption(const delivery &d) noexcept {
  const std::uintptr_t pc = arch::pc_of(d.context);
  forward(d);
  if (would_repeat(d.signal, *d.info, d.context, pc)) die_by_default(d.signal, *d.info);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_FORWARD_HPP
