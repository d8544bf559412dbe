// SPDX-License-Identifier: BSL-1.0
/// @file call_chain.hpp
/// Whether the frames of a walk can have called each other. A word of a stack that was overwritten may still lead to
/// code with unwind tables, and from there to the end of the stack or to a guard. Async-signal-safe.
#ifndef CGO_GUARD_CALL_CHAIN_HPP
#define CGO_GUARD_CALL_CHAIN_HPP

#include "unwind.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Whether a call of one function can have become a run of another: through the linker's stub, a tail call, a jump into
/// the part of a function that the compiler has put elsewhere, or by running on into the next one, as hand-written code
/// does (glibc's __mempcpy_chk). In doubt it can: a walk that is wrongly doubted costs destructors.
class jump_search {
 public:
  explicit jump_search(std::uintptr_t callee) noexcept : callee_(callee) {}

  bool reaches(std::uintptr_t called) noexcept {
    if (called == callee_) return true;
    if (const std::uintptr_t target = arch::stub_target(called)) return reaches(target);
    frame_description function;
    if (!find_frame_description(called, function) || function.begin == callee_) return true;
    if (is_known(function.begin)) return false;
    if (count_ == maximum) return true;
    functions_[count_++] = function.begin;
    return runs_on_to_callee(function.end) ||
           arch::find_jump(function.begin, function.end, [&](std::uintptr_t target) noexcept {
             frame_description other;
             if (target == 0) return true;
             return find_frame_description(target, other) && reaches(target);
           });
  }

 private:
  bool runs_on_to_callee(std::uintptr_t end) noexcept {
    constexpr std::uintptr_t largest_alignment = 64;  // a cache line
    if (!arch::runs_on(end)) return false;
    frame_description next;
    std::uintptr_t begin = end;
    for (std::uintptr_t alignment = 16; !find_frame_description(begin, next); alignment *= 2) {
      if (alignment > largest_alignment) return true;
      begin = (end + alignment - 1) & ~(alignment - 1);
    }
    return reaches(begin);
  }

  static constexpr int maximum = 16;  // a chain of tail calls through as many functions is in doubt

  bool is_known(std::uintptr_t begin) const noexcept {
    for (int i = 0; i < count_; ++i) {
      if (functions_[i] == begin) return true;
    }
    return false;
  }

  std::uintptr_t callee_;
  std::uintptr_t functions_[maximum];  ///< that have been read
  int count_ = 0;
};

inline bool can_become(std::uintptr_t called, std::uintptr_t callee) noexcept {
  return jump_search(callee).reaches(called);
}

/// The function that is called where a frame stands, as far as the code says; otherwise 0.
/// @param facts nullptr for a frame without.
inline std::uintptr_t function_called_at(const cursor &frame, const frame_facts *facts) noexcept {
  if (facts == nullptr || trampolines_canary(*facts, frame.cfa()) == 0) {
    return arch::direct_call_target(frame.registers().pc());
  }
  std::uintptr_t called = 0;
  arch::cgo_guard_v1_load(frame.cfa() + static_cast<std::uintptr_t>(arch::thunk_offset), &called);
  return called;
}

/// Follows a walk from its innermost frame.
class call_chain {
 public:
  /// @param callee what the innermost frame has called, or 0 where nobody knows: it may stand behind a trap, for
  /// example.
  explicit call_chain(std::uintptr_t callee = 0) noexcept : callee_(callee), any_callee_(callee != 0) {}

  /// @param facts nullptr for a frame without; then it is the last.
  void add(const frame_facts *facts, const cursor &frame) noexcept {
    const bool of_a_signal = facts != nullptr && facts->signal_frame;  // the kernel has called the handler below
    if (any_callee_ && !of_a_signal && !frame.interrupted()) check_call(facts, frame);
    any_callee_ = true;
    if (facts == nullptr) return;
    // Interrupted code has called nothing. What calls the trampoline is asked elsewhere (looks_alive).
    callee_ = of_a_signal || trampolines_canary(*facts, frame.cfa()) != 0 ? 0 : facts->begin;
  }

  /// Calls of another function than the one that runs: tail calls, the linker's stubs.
  unsigned detours() const noexcept { return detours_; }
  /// Whether every return address is one, and nowhere a function runs that can't be the one that was called.
  bool sound() const noexcept { return sound_; }

 private:
  void check_call(const frame_facts *facts, const cursor &frame) noexcept {
    if (facts != nullptr && !arch::follows_call(frame.registers().pc())) sound_ = false;
    const std::uintptr_t called = callee_ != 0 ? function_called_at(frame, facts) : 0;
    if (called == 0 || called == callee_) return;
    ++detours_;
    // A recursion asks the same again and again, and the answer takes reading the function.
    if (!sound_ || was_asked(called)) return;
    sound_ = can_become(called, callee_);
    asked_[next_++ % remembered] = {called, callee_};
  }
  bool was_asked(std::uintptr_t called) const noexcept {
    for (const detour &one : asked_) {
      if (one.called == called && one.callee == callee_) return true;
    }
    return false;
  }

  static constexpr unsigned remembered = 4;  // detours in one round of a recursion
  struct detour {
    std::uintptr_t called, callee;
  } asked_[remembered] = {};
  unsigned next_ = 0;

  std::uintptr_t callee_;
  bool any_callee_;
  unsigned detours_ = 0;
  bool sound_ = true;
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CALL_CHAIN_HPP
