// SPDX-License-Identifier: BSL-1.0
/// @file unknown_code.hpp
/// A fault in code without unwind tables: a JIT's, hand-written assembly, a library that was stripped of them.
/// Who called it, and whether it is Go. Async-signal-safe.
#ifndef CGO_GUARD_UNKNOWN_CODE_HPP
#define CGO_GUARD_UNKNOWN_CODE_HPP

#include "../unwind/scan.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

inline bool is_known_code(std::uintptr_t pc) noexcept {
  frame_description function;
  return find_frame_description(pc, function);
}

/// Whether a word is where known code goes on when a function that it has called returns.
inline bool returns_to_known_code(std::uintptr_t word) noexcept {
  return word != 0 && is_known_code(word - 1) && arch::follows_call(word);
}

/// Whether the code is on a stack that C's calls use. A goroutine's is none, so Go's panics cost no more than this.
inline bool is_on_threads_stack(std::uintptr_t sp) noexcept {
  return stack_top(sp, syscall(SYS_gettid) == getpid()) != 0;
}

/// From code without tables to its caller, where one of two things tells: the return address is the first word of the
/// stack, as in a function that calls nobody and keeps nothing there; or there is a frame pointer, and the call says
/// so. What the code has put into the other registers is not known, so no destructor may run on the strength of this.
/// @return false where neither does; nothing is changed then.
inline bool step_to_caller(walk_start &start) noexcept {
  constexpr std::uintptr_t largest_frame = 1024 * 1024;
  const arch::registers &r = start.registers;
  if (!is_on_threads_stack(r.sp())) return false;
  arch::registers caller = r;
  if (arch::pop_return_address(caller) && returns_to_known_code(caller.pc())) {
    start = {caller, false};
    return true;
  }
  caller = r;
  const std::uintptr_t frame = r.value[arch::frame_register];
  if (frame < r.sp() || frame - r.sp() > largest_frame) return false;
  if (!arch::pop_frame(caller) || !returns_to_known_code(caller.pc())) return false;
  // Code that keeps no frame pointer has that of somebody further out, which may lie beyond the guard.
  const std::uintptr_t called = arch::function_called_before(caller.pc());
  if (called == 0 || is_known_code(called)) return false;
  start = {caller, false};
  return true;
}

/// Begins the list of a fault's frames with those that the walk can't show, which begins behind them.
/// @return whether code without tables was left, on evidence that destructors may not rely on.
inline bool list_first_frames(walk_start &start, bool bad_call, std::uintptr_t pc, frame_list &list) noexcept {
  if (bad_call) list.add(pc);
  frame_facts facts;
  const std::uintptr_t call_site = start.call_site();
  if (learn_facts(call_site, facts)) return false;
  if (!bad_call || call_site != pc) list.add(call_site);
  step_to_caller(start);
  return true;
}

/// Whether code without tables is in the module that Go's code is in: there nothing else tells it from Go's.
inline bool is_beside_go(std::uintptr_t pc) noexcept {
  if (&crosscall2 == nullptr) return false;
  libc::module_at gos;
  if (!gos.find(reinterpret_cast<std::uintptr_t>(&crosscall2))) return true;
  return address_range{gos.begin(), gos.end()}.contains(pc);
}

/// Whether a fault stands in C or C++, and not in Go, whose code has no unwind tables, whose stacks are mostly its own,
/// and whose faults are panics. Code of a Go plugin is in a module of its own, but on such a stack.
inline bool is_outside_go(walk_start start) noexcept {
  if (is_known_code(start.call_site())) return true;
  if (!is_on_threads_stack(start.registers.sp())) return false;
  return !is_beside_go(start.call_site()) || step_to_caller(start);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_UNKNOWN_CODE_HPP
