// SPDX-License-Identifier: BSL-1.0
/// @file whose_fault.hpp
/// The decision in the signal handler: is this fault ours? It changes nothing. Async-signal-safe.
#ifndef CGO_GUARD_WHOSE_FAULT_HPP
#define CGO_GUARD_WHOSE_FAULT_HPP

#include "../fault/unknown_code.hpp"
#include "examined_fault.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Code without tables in the middle of the stack: who was called from there is known, so it is where it says.
inline void add_frame_that_stopped_the_walk(const cursor &position, examined_fault &fault) noexcept {
  const std::uintptr_t stopped_at = position.registers().pc();
  if (stopped_at != fault.start.registers.pc() && !is_known_code(position.call_site()) &&
      arch::follows_call(stopped_at)) {
    fault.frames.add(position.call_site());
  }
}

/// From the fault to its guard.
inline found_guard walk_from_fault(examined_fault &fault) noexcept {
  fault_facts &facts = fault.facts;
  walk_start known = fault.start;
  const bool guessed = list_first_frames(known, facts.bad_call, facts.pc, fault.frames);
  frame_cache cache;
  cursor position(known, cache);
  const auto visit = [&](const frame_facts &frame, const cursor &at) noexcept { fault.visit(frame, at); };
  const found_guard guard = find_guard(position, cache, visit, facts.bad_call && !guessed ? facts.pc : 0);
  facts.walked = guard && guard.walked && !guessed;
  if (!guard.walked) add_frame_that_stopped_the_walk(position, fault);
  return guard;
}

/// @return the guard that is to have it, or an empty one where none is.
inline found_guard whose_fault(int signal, const siginfo_t &info, const ucontext_t &context,
                               examined_fault &fault) noexcept {
  const found_guard nobody{guard_frame(no_guard::nowhere), false, {}};
  // A fork's child has its parent's stack, but its parent's callers are not there to be returned to.
  if (getpid() != process.process_id) return nobody;
  if (!is_synchronous(signal, info, context)) return nobody;
  describe_fault(signal, info, context, fault.facts);
  fault.start = start_of_walk(context, fault.facts);
  const found_guard guard = walk_from_fault(fault);
  const bool refused =
      fault.facts.in_allocator && process.heap_policy.load(std::memory_order_relaxed) == CGO_GUARD_HEAP_CRASH;
  return refused ? nobody : guard;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_WHOSE_FAULT_HPP
