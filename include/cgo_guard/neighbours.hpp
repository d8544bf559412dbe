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
#ifndef CGO_GUARD_NEIGHBOURS_HPP
#define CGO_GUARD_NEIGHBOURS_HPP

#include <pthread.h>

#include "handlers.hpp"
#include "sanitizer.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Async-signal-safe, like sigaction: neighbours call that from their handlers.
inline void note_new_handler(int signal, bool ours) noexcept {
  if (ours || !is_guarded(signal)) return;
  process_mode ready = process_mode::ready;
  process.mode.compare_exchange_strong(ready, process_mode::displaced);
}

/// In a fork's child. The guards on this stack belong to frames whose callers are in the parent: Go, whose other
/// threads are gone. Guards that the child enters from here on are its own, and lie below the nearest of those.
inline void after_fork_in_child() noexcept {
  frame_cache cache;
  arch::registers here;
  arch::cgo_guard_v1_capture(&here);
  cursor position(here, false, cache);
  const guard_frame nearest = walk_to_guard(position, [](const frame_facts &, const cursor &) noexcept {});
  // Where the walk ends at Go frames, guards may be above them.
  const std::uintptr_t top = stack_top(here.sp(), syscall(SYS_gettid) == process.process_id);
  process.inherited_from = (nearest ? nearest.cfa : position.registers().sp()) - 1;
  // The child's main thread is the one that forked, so that neither rule of stack_top need hold in it.
  process.inherited_to = top != 0 ? top : here.sp() + (std::uintptr_t{1} << 30);
  process.process_id = getpid();
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

// glibc's other names for the same functions, in every version (GLIBC_2.2.5). Through these and not through dlsym,
// which is not async-signal-safe.
extern "C" int cgo_guard_v1_libc_sigaction(int, const struct sigaction *, struct sigaction *) noexcept
    __asm__("__sigaction");
extern "C" void (*cgo_guard_v1_libc_signal(int, void (*)(int)) noexcept)(int) __asm__("ssignal");

CGO_GUARD_WATCHER int cgo_guard_v1_sigaction(int signal, const struct sigaction *action, struct sigaction *old) noexcept
    __asm__("sigaction");

CGO_GUARD_WATCHER int cgo_guard_v1_sigaction(int signal, const struct sigaction *action,
                                             struct sigaction *old) noexcept {
  const bool ours = action != nullptr && cgo_guard::detail::is_ours(*action);
  const int result = cgo_guard_v1_libc_sigaction(signal, action, old);
  if (result == 0 && action != nullptr) cgo_guard::detail::note_new_handler(signal, ours);
  return result;
}

CGO_GUARD_WATCHER void (*cgo_guard_v1_signal(int signal, void (*handler)(int)) noexcept)(int) __asm__("signal");

CGO_GUARD_WATCHER void (*cgo_guard_v1_signal(int signal, void (*handler)(int)) noexcept)(int) {
  void (*const old)(int) = cgo_guard_v1_libc_signal(signal, handler);
  if (old != SIG_ERR) cgo_guard::detail::note_new_handler(signal, false);
  return old;
}

#undef CGO_GUARD_WATCHER
#endif  // no sanitizer

#endif  // CGO_GUARD_NEIGHBOURS_HPP
