// SPDX-License-Identifier: BSL-1.0
/// @file dead_guards.hpp
/// Whether a trampoline or an entry into Go that a scan has found is in use, or was left without returning: a Go panic
/// that passes it, a longjmp. Then its frame stays below the stack pointer, canary and all, until later frames write
/// over it; and those don't write all of their locals. Async-signal-safe.
#ifndef CGO_GUARD_DEAD_GUARDS_HPP
#define CGO_GUARD_DEAD_GUARDS_HPP

#include "../state/sanitizer.hpp"
#include "call_chain.hpp"

// In every cgo program: the Go runtime's way in from C. Its return address on a stack means that Go frames lie above.
extern "C" void crosscall2(void (*)(void *), void *, int, std::size_t) __attribute__((weak));

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// What a walk from a trampoline to the end of its stack has found.
struct way_up {
  bool complete = false;       ///< every frame could be left, and the last one has been called
  bool sound = true;           ///< nowhere a function runs that can't be the one that was called
  bool through_other = false;  ///< the other trampoline is on it
  std::uintptr_t end = 0;      ///< the outermost frame's CFA where its tables say that it is that, 0 at Go's frames
  bool ends_in_libc = false;   ///< where threads begin
  unsigned detours = 0;        ///< calls of another function than the one that runs: tail calls, the linker's stubs
};

/// Whether a walk that has come to a frame without tables has come to Go's functions, which have none that C++ reads:
/// asmcgocall has called what it came through.
inline bool is_called_by_go(std::uintptr_t pc) noexcept {
  return libc::find_eh_frame_hdr(pc) != 0 && arch::follows_call(pc);
}

inline way_up walk_up(const arch::registers &from, const guard_frame &other, frame_cache &cache) noexcept {
  way_up way;
  cursor position(from, false, cache);
  call_chain chain;
  const walk_end end = walk(position, [&](const frame_facts &facts, const cursor &at) noexcept {
    chain.add(&facts, at);
    if (at.cfa() == other.cfa) way.through_other = true;
    return true;
  });
  if (end == walk_end::unknown) {
    chain.add(nullptr, position);
    way.complete = is_called_by_go(position.registers().pc());
  } else if (end == walk_end::outermost) {
    way.complete = true;
    way.end = position.cfa();
    way.ends_in_libc = process.known.is_libc(position.call_site());
  }
  way.detours = chain.detours();
  way.sound = chain.sound();
  return way;
}

inline way_up walk_up(const guard_frame &guard, const guard_frame &other, frame_cache &cache) noexcept {
  return walk_up(arch::inside_trampoline(guard.cfa), other, cache);
}

/// Whether a way up can be looked at. A program linked with GCC's plain -static has no index of its tables.
inline bool has_tables() noexcept {
  return libc::find_eh_frame_hdr(reinterpret_cast<std::uintptr_t>(arch::cgo_guard_v1_returned)) != 0;
}

/// Of two trampolines, the one to go back to. The way up from a dead one comes to a frame of today in the end, but as
/// another function than the one that was called there. A tail call looks the same: then the outer guard is the one
/// that is in use in any case.
/// @return none if one of them is dead and nothing tells which; but without tables, where nothing ever does, the inner
/// one.
inline guard_frame better_of(const guard_frame &inner, const guard_frame &outer, frame_cache &cache) noexcept {
  if (!has_tables()) return inner;
  const way_up from_inner = walk_up(inner, outer, cache), from_outer = walk_up(outer, inner, cache);
  if (from_inner.detours > from_outer.detours) return outer;
  if (from_inner.through_other || from_inner.detours < from_outer.detours) return inner;
  return guard_frame(no_guard::nowhere);
}

/// Whether a way up leads to where this thread began. A coroutine's stack may lie below, without a gap between, and
/// have a guard in it that is in use but waits.
inline bool is_this_threads(const way_up &way, std::uintptr_t top) noexcept {
  if (way.end == 0 || way.ends_in_libc) return true;
  // The main thread begins in _start, which is the program's, right below where libc has the stack end: that is as good
  // as the same address, and no other stack fits between.
  const std::uintptr_t near = arch::page_size();
  return way.end <= top + near && top <= way.end + near;
}

/// Whether a word can be where a trampoline returns to, of this copy or another: behind a call of its run or its enter,
/// which stand at the same distance in every copy.
inline bool follows_call_of_trampoline(std::uintptr_t return_address) noexcept {
  if (!arch::follows_call(return_address)) return false;
  const std::uintptr_t target = arch::function_called_before(return_address);
  if (target == 0) return true;  // -mcmodel=large, or -fno-plt where the load is too far in front
  const std::uintptr_t run = reinterpret_cast<std::uintptr_t>(arch::cgo_guard_v1_own_run);
  const std::uintptr_t enter = reinterpret_cast<std::uintptr_t>(&arch::cgo_guard_v1_enter);
  return arch::pushes_a_canary(target) || arch::pushes_a_canary(target + (enter - run));
}

/// @return whether nothing speaks against this trampoline being in use.
inline bool looks_alive(const guard_frame &guard, std::uintptr_t top, frame_cache &cache) noexcept {
  constexpr std::uintptr_t all_states = state_noted | state_terminate | state_failed;
  std::uintptr_t state = 0, return_address = 0, copy = 0;
  if (arch::cgo_guard_v1_load(guard.cfa + static_cast<std::uintptr_t>(arch::state_offset), &state) == 0 ||
      arch::cgo_guard_v1_load(guard.cfa + static_cast<std::uintptr_t>(arch::return_address_offset), &return_address) ==
          0 ||
      arch::cgo_guard_v1_load(guard.cfa + static_cast<std::uintptr_t>(arch::return_copy_offset), &copy) == 0) {
    return false;
  }
  if (copy != return_address || (state & ~all_states) != 0 || !follows_call_of_trampoline(return_address)) return false;
  if (!has_tables()) return true;
  const way_up way = walk_up(guard, guard_frame(no_guard::nowhere), cache);
  return way.complete && way.sound && is_this_threads(way, top);
}

/// Whether `word` is the return address of a callback that is under way. A panic leaves those behind as well.
inline bool is_live_go_entry(std::uintptr_t word, std::uintptr_t at, frame_cache &cache) noexcept {
  const auto entry = reinterpret_cast<std::uintptr_t>(&crosscall2);
  // crosscall2's one return address is inside. A pointer to its start is data.
  if (entry == 0 || word <= entry || word - entry >= arch::largest_go_entry) return false;
  arch::registers caller;
  switch (arch::inspect_go_entry(entry, at, caller)) {
    case arch::go_entry_frame::unknown: return true;  // in doubt there are Go frames
    case arch::go_entry_frame::broken: return false;
    case arch::go_entry_frame::whole:
      return !has_tables() || walk_up(caller, guard_frame(no_guard::nowhere), cache).complete;
  }
  return true;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_DEAD_GUARDS_HPP
