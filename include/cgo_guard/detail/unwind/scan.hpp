// SPDX-License-Identifier: BSL-1.0
/// @file scan.hpp
/// Finds the guard of whatever happens here: by a walk, and by a scan where the stack can't be walked (a smashed return
/// address, code without unwind tables). Async-signal-safe.
#ifndef CGO_GUARD_SCAN_HPP
#define CGO_GUARD_SCAN_HPP

#include <sys/syscall.h>
#include <unistd.h>

#include "dead_guards.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// The upper end of the current thread's stack, or 0 where `sp` isn't on it (a goroutine, a fiber, a signal stack).
inline std::uintptr_t stack_top(std::uintptr_t sp, bool main_thread) noexcept {
  const std::uintptr_t top = libc::end_of_stack(main_thread);
  // Larger stacks exist (`ulimit -s unlimited`), but a frame further away than this was not called by cgo.
  constexpr std::uintptr_t plausible = std::uintptr_t{1} << 30;
  return sp < top && top - sp < plausible ? top : 0;
}

/// Looks upward for a live trampoline, by its canary and the canary's own address below it. Not by the address that the
/// block returns to: that may be the very word that was smashed.
///
///     guard in use         <- reached from any guard in use below it, on the way up
///       frame
///         a dead guard     <- in locals that were never written; its way up misses the one in use
///           smashed frame
///             fault
///
/// @param broken_off a walk that did not find it. @return none if there is none, if Go frames lie between (those must
/// never be jumped over), or if there are two of which only one can be in use, and nothing tells which.
inline guard_frame scan_for_guard(const cursor &broken_off, frame_cache &cache) noexcept {
  const std::uintptr_t sp = broken_off.lowest_sp();
  const bool main_thread = syscall(SYS_gettid) == getpid();
  const std::uintptr_t top = stack_top(sp, main_thread);
  guard_frame innermost(no_guard::nowhere);
  std::uintptr_t previous = 0;
  for (std::uintptr_t at = (sp + 7) & ~std::uintptr_t{7}; at < top; at += sizeof(std::uintptr_t)) {
    std::uintptr_t word = 0;
    if (arch::cgo_guard_v1_load(at, &word) == 0) break;
    if (is_live_go_entry(word, at, cache)) break;
    if (previous == at && arch::canary_of_any_version(word)) {
      const guard_frame guard = guard_at(at - static_cast<std::uintptr_t>(arch::canary_offset), word);
      if (guard.why == no_guard::anothers) return innermost ? innermost : guard;
      if (looks_alive(guard, top, cache)) {
        innermost = innermost ? better_of(innermost, guard, cache) : guard;
        if (!innermost) break;
      }
    }
    previous = word;
  }
  return innermost;
}

/// A guard, or the reason why there is none.
struct found_guard : guard_frame {
  bool walked;         ///< the frames below it are all known
  left_stacks stacks;  ///< that are left for it
};

/// The guard that takes what happens at a position. Calls visit(facts, cursor) for each frame on the way, as far as the
/// stack can be walked. A walk is believed, and also that there is no guard, if its frames can have called each other.
/// @param bad_call the address that could not be called from the position, or 0.
template <class Visit>
found_guard find_guard(cursor &position, frame_cache &cache, Visit &&visit, std::uintptr_t bad_call = 0) noexcept {
  call_chain chain(bad_call);
  left_stacks stacks{};
  stacks.open(position.registers().sp());
  bool behind_handler = false;
  const guard_frame walked_to = walk_to_guard(position, [&](const frame_facts &facts, const cursor &at) noexcept {
    if (behind_handler) stacks.open(at.registers().sp());
    stacks.close(at.registers().sp());
    behind_handler = facts.signal_frame;
    chain.add(&facts, at);
    visit(facts, at);
  });
  if (behind_handler) stacks.open(position.registers().sp());
  const bool found = walked_to || walked_to.why == no_guard::ended;
  if ((found && chain.sound()) || walked_to.why == no_guard::anothers) {
    stacks.close(walked_to.cfa);
    return {walked_to, true, stacks};
  }
  const guard_frame scanned = scan_for_guard(position, cache);
  // A guard that the walk has come to vouches for itself, so it is never passed, however doubtful the frames below it.
  const bool nearer = scanned && (!walked_to || scanned.cfa <= walked_to.cfa);
  const guard_frame guard = nearer || !walked_to ? scanned : walked_to;
  stacks.close(guard.cfa);
  return {guard, false, stacks};
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_SCAN_HPP
