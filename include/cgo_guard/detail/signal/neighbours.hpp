// SPDX-License-Identifier: BSL-1.0
/// @file neighbours.hpp
/// Notices when somebody puts a signal handler over one of ours, and when the process is forked.
///
/// Libraries install handlers whenever they like: JavaScriptCore at its first script, a JVM at its start, the Go
/// runtime itself in signal.Ignore. One might ask the kernel in every guard, for 100 ns and a system call. Instead
/// sigaction and signal are ours: weak definitions that come before libc's, do the same, and mark the process
/// `displaced`, so that the next guard goes on top again (entry.hpp). What can't be seen this way: a module that was
/// loaded with RTLD_DEEPBIND or linked to a libc of its own, raw system calls, and everybody, where this header is only
/// in a plugin that was dlopen'ed. cgo_guard_stats::installed tells. CGO_GUARD_NO_INTERPOSE leaves both out.
///
/// Who takes his handler away again puts back what he found, and that is ours, with his own now below it. He means "as
/// it was when I came". So whoever is given ours as the old action is given the moment as well, in a field that libc
/// fills in and doesn't read; when ours is put back with it, the handlers that came later are forgotten.
#ifndef CGO_GUARD_NEIGHBOURS_HPP
#define CGO_GUARD_NEIGHBOURS_HPP

#include <pthread.h>

#include "../state/sanitizer.hpp"
#include "handlers.hpp"
#include "install_lock.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Ours is put back. @param previous what was installed until now.
inline void forget_guests(handler_chain &chain, const struct sigaction &ours,
                          const struct sigaction &previous) noexcept {
  std::uint32_t then = 0;
  if (moment_of(ours, then)) {
    chain.forget_later_than(then);
  } else if (is_ours(previous)) {
    chain.forget_newest();  // he kept the address alone: signal returns no more
  } else {
    chain.forget(previous);
  }
}

/// Go remembers what it finds when it takes a signal for the first time.
inline void note_before_go(int index, const struct sigaction &previous) noexcept {
  handler_before_go &before = process.before_go[index];
  before.flags.store(is_a_function(previous) && !names_ours(previous) ? previous.sa_flags : handler_before_go::none);
}

/// The same where nobody sees how Go takes the signals: as its library is loaded into a program that has handlers. In a
/// program of Go's own, those of other constructors come later, and watch_sigaction sees more. A constructor of this
/// priority, the first that is not reserved, runs before the one that starts Go.
__attribute__((constructor(101), used)) inline void note_handlers_before_go() noexcept {
  if (!go_is_still_to_come()) return;
  for (int i = 0; i < guarded_signal_count; ++i) {
    struct sigaction current;
    if (sigaction(guarded_signals[i], nullptr, &current) == 0) note_before_go(i, current);
  }
}

/// Somebody else's is installed over `previous`. @param asks_for_old so as to pass on to it what is not his.
inline void note_newcomer(handler_chain &chain, const struct sigaction &action, const struct sigaction &previous,
                          bool asks_for_old) noexcept {
  if (!asks_for_old) chain.forget_above(action);
  if (!is_ours(previous)) chain.note_replaced(previous);
  process_mode ready = process_mode::ready;
  process.mode.compare_exchange_strong(ready, process_mode::displaced);
}

/// sigaction(2) for one of the seven. Async-signal-safe, as neighbours call it from their handlers.
/// @param libcs the real one. @param action may be null, and so may old.
template <class Libcs>
int watch_sigaction(Libcs &&libcs, int signal, const struct sigaction *action, struct sigaction *old,
                    bool asks_for_old) noexcept {
  const int index = index_of(signal);
  handler_chain &chain = process.neighbours[index];
  struct sigaction wanted, previous;
  if (action != nullptr) wanted = *action;
  const bool ours = action != nullptr && names_ours(wanted);
  if (ours) {  // with the flags that it needs, whatever was kept of it
    wanted = our_action();
    wanted.sa_restorer = action->sa_restorer;
  }
  const int result = libcs(signal, action != nullptr ? &wanted : nullptr, &previous);
  if (result != 0) return result;
  if (ours) {
    forget_guests(chain, wanted, previous);
  } else if (action != nullptr) {
    if (is_gos(wanted) && !process.before_go[index].replaced.exchange(true)) note_before_go(index, previous);
    note_newcomer(chain, wanted, previous, asks_for_old);
  }
  if (old != nullptr) {
    *old = previous;
    if (is_ours(previous)) set_moment(*old, chain.generation());
  }
  return 0;
}

/// In a fork's child. The guards on this stack belong to frames whose callers are in the parent: Go, whose other
/// threads are gone. Guards that the child enters from here on are its own, and lie below the nearest of those.
inline void after_fork_in_child() noexcept {
  frame_cache cache;
  const arch::registers here = registers_here();
  cursor position(here, false, cache);
  const guard_frame nearest = walk_to_guard(position, [](const frame_facts &, const cursor &) noexcept {});
  // Where the walk ends at Go frames, guards may be above them.
  const std::uintptr_t top = stack_top(here.sp(), syscall(SYS_gettid) == process.process_id);
  process.inherited_from = (nearest ? nearest.cfa : position.registers().sp()) - 1;
  // The child's main thread is the one that forked, so that neither rule of stack_top need hold in it.
  process.inherited_to = top != 0 ? top : here.sp() + (std::uintptr_t{1} << 30);
  process.process_id = getpid();
  if (install_lock::was_left_behind()) {
    process_mode half_done = process_mode::ready;
    process.mode.compare_exchange_strong(half_done, process_mode::displaced);
  }
  handler_stacks.forget_other_threads();
  // How many cores there may be was said of one process, and not of each of its forks.
  process.take_core.store(nullptr, std::memory_order_relaxed);
}

inline void watch_forks() noexcept {
  static bool watching = false;  // under the install lock
  if (!watching) watching = pthread_atfork(nullptr, nullptr, [] { after_fork_in_child(); }) == 0;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#if !CGO_GUARD_HAS_SANITIZER && !defined(CGO_GUARD_NO_INTERPOSE)
// By their symbols: <signal.h> declares `signal` differently for different feature macros.
#define CGO_GUARD_WATCHER extern "C" __attribute__((weak, used, visibility("default")))

CGO_GUARD_WATCHER int cgo_guard_v1_sigaction(int signal, const struct sigaction *action, struct sigaction *old) noexcept
    __asm__("sigaction");

CGO_GUARD_WATCHER int cgo_guard_v1_sigaction(int signal, const struct sigaction *action,
                                             struct sigaction *old) noexcept {
  if (!cgo_guard::detail::is_guarded(signal)) return cgo_guard::detail::libc::set_action(signal, action, old);
  return cgo_guard::detail::watch_sigaction(cgo_guard::detail::libc::set_action, signal, action, old, old != nullptr);
}

CGO_GUARD_WATCHER void (*cgo_guard_v1_signal(int signal, void (*handler)(int)) noexcept)(int) __asm__("signal");

CGO_GUARD_WATCHER void (*cgo_guard_v1_signal(int signal, void (*handler)(int)) noexcept)(int) {
  if (!cgo_guard::detail::is_guarded(signal) || handler == SIG_ERR)
    return cgo_guard::detail::libc::set_handler(signal, handler);
  struct sigaction action = {}, old;
  action.sa_handler = handler;
  // Who is given an address alone may want to put it back, and seldom to call it: not all handlers can be called so.
  const auto libcs = [](int number, const struct sigaction *wanted, struct sigaction *previous) noexcept {
    if (cgo_guard::detail::names_ours(*wanted)) return cgo_guard::detail::libc::set_action(number, wanted, previous);
    if (const int result = cgo_guard::detail::libc::set_action(number, nullptr, previous)) return result;
    return cgo_guard::detail::libc::set_handler(number, wanted->sa_handler) == SIG_ERR ? -1 : 0;
  };
  return cgo_guard::detail::watch_sigaction(libcs, signal, &action, &old, false) == 0 ? old.sa_handler : SIG_ERR;
}

#undef CGO_GUARD_WATCHER
#endif  // no sanitizer

#endif  // CGO_GUARD_NEIGHBOURS_HPP
