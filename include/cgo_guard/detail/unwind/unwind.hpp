// SPDX-License-Identifier: BSL-1.0
/// @file unwind.hpp
/// Runs the destructors between a fault and its guard.
///
///     guarded block        <- the trampoline; everything ends here
///       frame with a lock  <- landing pad: entered as the unwinder would enter it, ends in _Unwind_Resume
///         frame            <- nothing to clean up
///           fault
///
/// It begins with a call of continue_unwinding, which the signal handler puts under the frame with the first landing
/// pad (take_fault.hpp): what has to be said to the C++ runtime can't be said in a handler. A landing pad can end in
/// three ways, and each brings control back here: _Unwind_Resume (and libstdc++'s rethrow) call our stop function,
/// because the exception they are given is marked as a forced unwind; the end of a `catch (...)` that swallows calls
/// the exception's cleanup function; and code that may not be left by an exception calls std::terminate
/// (terminate.hpp). libc++abi's rethrow is the exception: it throws as if for the first time. If the unwinder finds a
/// `catch (...)` further out, it runs the destructors up to there, and one of the three ways follows; if it finds the
/// guard, the guard's personality sends control back here (personality.hpp).
#ifndef CGO_GUARD_UNWIND_HPP
#define CGO_GUARD_UNWIND_HPP

#include <utility>

#include "../frames/walk.hpp"
#include "../runtime/exception_state.hpp"
#include "../state/process.hpp"
#include "../state/record.hpp"
#include "crossed_signals.hpp"

// personality.hpp; declared here for its address, which marks a guard.
extern "C" _Unwind_Reason_Code cgo_guard_v1_personality(int, _Unwind_Action, _Unwind_Exception_Class,
                                                        _Unwind_Exception *, _Unwind_Context *);

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

inline bool is_guard(const frame_facts &facts) noexcept {
  return facts.personality == reinterpret_cast<std::uintptr_t>(&cgo_guard_v1_personality);
}

/// The canary in the frame of a guard, of whatever copy or version of this header; 0 in any other frame.
inline std::uintptr_t canary_in(std::uintptr_t cfa) noexcept {
  const std::uintptr_t at = cfa + static_cast<std::uintptr_t>(arch::canary_offset);
  std::uintptr_t word = 0, address = 0;
  if (arch::cgo_guard_v1_load(at, &word) == 0 || arch::cgo_guard_v1_load(at - sizeof at, &address) == 0) return 0;
  return address == at && arch::canary_of_any_version(word) ? word : 0;
}

/// Whether a frame's function is a trampoline, of whatever copy or version of this header. The function has to be
/// looked at as well as the canary: a frame may stand where a guard has died, and have left its canary alone.
inline bool is_trampoline(const frame_facts &facts) noexcept {
  return is_guard(facts) || arch::pushes_a_canary(facts.begin);
}

/// The canary of a trampoline's frame; 0 for any other.
inline std::uintptr_t trampolines_canary(const frame_facts &facts, std::uintptr_t cfa) noexcept {
  if (facts.personality == 0) return 0;
  const std::uintptr_t canary = canary_in(cfa);
  return canary != 0 && is_trampoline(facts) ? canary : 0;
}

/// What a walk or a scan has come to: a guard that is ours to use, or one that must not be passed either.
/// A plugin may bring its own copy of this header. One of the same version has the same frames, and its guards are used
/// like ours. One of another version knows its own: the signal is left to its handler. And after a fork the child has
/// guards on its stack that only the parent can return to.
inline guard_frame guard_at(std::uintptr_t cfa, std::uintptr_t found_canary) noexcept {
  const bool inherited = cfa > process.inherited_from && cfa <= process.inherited_to;
  if (found_canary != arch::canary || inherited) return guard_frame(no_guard::anothers);
  return guard_frame(cfa);
}

/// Whether a walk goes on from a frame with a personality, or has come to a guard. A canary has to vouch for that:
/// without one, what follows would be written through pointers that somebody else has left there.
/// @param failed_itself nothing was called by the frame. What fails in a trampoline itself is the end of the stack, at
/// a push or at the call, and a guard without room can't take it: it would fail again where it lands, for ever.
/// @param come_to where it does not go on: the guard, or why the walk has broken off.
inline bool may_be_passed(const frame_facts &facts, const cursor &position, bool failed_itself,
                          guard_frame &come_to) noexcept {
  if (failed_itself && is_trampoline(facts)) return true;
  const std::uintptr_t by_sp = arch::trampolines_cfa(position.registers());
  if (trampolines_canary(facts, by_sp) == arch::canary) {
    come_to = guard_at(by_sp, arch::canary);
    return false;
  }
  // Interrupted before it calls or after it has returned, it is a frame like any other. Nowhere else can rsp be wrong,
  // unless a frame pointer below was.
  if (is_guard(facts) && !position.interrupted()) {
    come_to = guard_frame(no_guard::broken_off);
    return false;
  }
  const std::uintptr_t canary = trampolines_canary(facts, position.cfa());
  if (canary == 0 || canary == arch::canary) return true;
  come_to = guard_at(position.cfa(), canary);
  return false;
}

/// Walks until the guard. Calls visit(facts, cursor) for each frame before it.
/// @param most how many; then the position is at the next one.
/// @return the guard, or why the walk came to none.
template <class Visit>
guard_frame walk_to_guard(cursor &position, Visit &&visit, std::uint64_t most = most_frames_of_a_stack) noexcept {
  guard_frame come_to(no_guard::broken_off);
  bool innermost = position.interrupted();
  const auto judge_and_visit = [&](const frame_facts &facts, const cursor &at) noexcept {
    const bool failed_itself = std::exchange(innermost, false);
    if (facts.personality != 0 && !may_be_passed(facts, at, failed_itself, come_to)) return false;
    visit(facts, at);
    return true;
  };
  const walk_end end = walk(position, judge_and_visit, most);
  return end == walk_end::outermost ? guard_frame(no_guard::ended) : come_to;
}

/// The registers with which a landing pad expects to be entered.
inline arch::registers landing_registers(const frame_facts &facts, const cursor &position,
                                         guard_record &record) noexcept {
  arch::registers r = position.registers();
  r.value[arch::exception_register] = reinterpret_cast<std::uintptr_t>(&record.forced);
  r.value[arch::selector_register] = static_cast<std::uintptr_t>(facts.pad.selector);
  r.value[arch::sp_register] += facts.args_size;
  r.value[arch::pc_register] = facts.pad.pad;
  return r;
}

/// The registers with which the trampoline expects a failure. Only sp and the result matter: it pushed the rest.
inline void set_guard_registers(const guard_frame &guard, const void *result, arch::registers &r) noexcept {
  r.value[arch::exception_register] = reinterpret_cast<std::uintptr_t>(result);
  r.value[arch::sp_register] = guard.sp();
  r.value[arch::pc_register] = reinterpret_cast<std::uintptr_t>(arch::cgo_guard_v1_landed);
}

/// std::uncaught_exceptions() as it was when a guard was entered that has failed. Ordinary context; asked for the first
/// time before any of the code runs that the failure cut off.
inline std::uint32_t uncaught_outside(guard_record &record) noexcept {
  std::uint32_t &outside = record.forced.uncaught_outside;
  if (outside == uncaught_unknown) {
    const cxx::globals &globals = cxx::current_globals();
    std::uint32_t inside = record.in_flight;
    if (cxx::counts_before_rethrow() && !record.in_flight_is_exact && record.fault.through_rethrow &&
        cxx::caught_last(globals) == nullptr) {
      ++inside;
    }
    outside = globals.uncaught > inside ? globals.uncaught - inside : 0;
  }
  return outside;
}

inline _Unwind_Reason_Code stop_function(int, _Unwind_Action, _Unwind_Exception_Class, _Unwind_Exception *,
                                         _Unwind_Context *, void *record) noexcept;

/// private_1 and private_2 are where libgcc and LLVM's libunwind keep stop function and argument of a forced unwind
/// (Itanium C++ ABI: Exception Handling, 1.6: "reserved for the unwinder"; both read them in _Unwind_Resume).
inline void mark_as_forced(guard_record &record) noexcept {
  record.forced.unwind.private_1 = reinterpret_cast<std::uintptr_t>(&stop_function);
  record.forced.unwind.private_2 = reinterpret_cast<std::uintptr_t>(&record);
}

/// The stack pointer of the frame whose `catch (...)` has taken it, where the C++ runtime has thrown it on as if for
/// the first time: then both unwinders clear private_1, and leave that in private_2. Else 0.
inline std::uintptr_t caught_on_at(const guard_record &record) noexcept {
  const _Unwind_Exception &forced = record.forced.unwind;
  return forced.private_1 == 0 ? forced.private_2 : 0;
}

/// Looks for the landing pad that is next, from the frame outwards in which one has done its work.
class next_landing {
 public:
  /// @param past_landed leave the rest of that frame out too, because it ended in std::terminate.
  next_landing(guard_record &record, bool past_landed) noexcept
      : record_(record), past_landed_(past_landed), landed_sp_(caught_on_at(record)) {}

  /// For each frame of a walk from here. @return whether to go on.
  bool visit(const frame_facts &facts, const cursor &at) noexcept {
    if (arch::trampolines_cfa(at.registers()) == record_.guard_cfa) return false;
    const bool was_interrupted = interrupted_;
    interrupted_ = facts.signal_frame;  // the caller then, and not where it calls (crossed_signals.hpp)
    if (!is_between(at)) return true;
    if (was_interrupted || facts.pad.kind == pad_kind::gap) ++skipped_;
    if (was_interrupted || facts.pad.kind != pad_kind::landing) return true;
    record_.landed = at.cfa();
    target_ = landing_registers(facts, at, record_);
    found_ = true;
    return false;
  }

  /// How many frames are left without their destructors. That neither the guard nor the frame of the last landing was
  /// come to cannot happen on a stack that was walked once; if it does, this says that something was left out.
  std::uint64_t skipped(walk_end end) const noexcept {
    return skipped_ + (end != walk_end::stopped ? 1 : 0) + (reached_ ? 0 : 1);
  }

  /// The registers to enter it with, or nullptr where there is none before the guard.
  const arch::registers *target() const noexcept { return found_ ? &target_ : nullptr; }

 private:
  /// Below the frame that was landed in are only the unwinder's and our own.
  bool is_between(const cursor &at) noexcept {
    const bool is_landed = landed_sp_ != 0 ? at.registers().sp() == landed_sp_ : at.cfa() == record_.landed;
    const bool between = reached_ || (is_landed && !past_landed_);
    reached_ = reached_ || is_landed;
    return between;
  }

  guard_record &record_;
  bool past_landed_;
  const std::uintptr_t landed_sp_;  ///< where not the record says which frame has been landed in
  bool found_ = false, interrupted_ = false, reached_ = false;
  std::uint64_t skipped_ = 0;
  arch::registers target_;
};

/// Goes on from a landing pad that has done its work: to the next one, or to the guard. Does not return.
[[noreturn, gnu::noinline]] inline void continue_unwinding(guard_record &record, bool past_landed) noexcept {
  cxx::globals &globals = cxx::current_globals();
  // libc++abi's __cxa_end_catch would do this behind the call that never comes back.
  if (cxx::caught_last(globals) == &record.forced.unwind) cxx::forget_caught_last(globals);
  // What destructors ask that roll back where an exception is on its way (scope guards, transactions): a fault is one.
  globals.uncaught = uncaught_outside(record) + 1;
  frame_cache cache;
  arch::registers to_guard = registers_here();
  cursor position(to_guard, false, cache);
  next_landing next(record, past_landed);
  const walk_end end =
      walk(position, [&](const frame_facts &facts, const cursor &at) noexcept { return next.visit(facts, at); });
  record.skipped += next.skipped(end);
  mark_as_forced(record);
  if (next.target() != nullptr) arch::cgo_guard_v1_resume(next.target());
  set_guard_registers(guard_frame(record.guard_cfa), &record, to_guard);
  arch::cgo_guard_v1_resume(&to_guard);
}

/// The first step after a fault. The frame with the first landing pad is the record's `landed`.
[[noreturn]] inline void begin_unwinding(void *record) noexcept {
  continue_unwinding(*static_cast<guard_record *>(record), false);
}

/// The registers with which the frame that `frame` describes calls continue_unwinding(record, false).
/// @param call_site where that frame stands (cursor.hpp)
inline arch::registers cleanup_registers(const arch::registers &frame, std::uintptr_t call_site,
                                         guard_record &record) noexcept {
  arch::registers r = frame;
  arch::set_call(r, reinterpret_cast<std::uintptr_t>(&begin_unwinding), reinterpret_cast<std::uintptr_t>(&record),
                 call_site + 1);
  return r;
}

/// What _Unwind_Resume calls for a forced unwind, once per frame. The first call takes over and never comes back: the
/// stock loop would ask each frame's personality, and that one ends the process at the first gap.
inline _Unwind_Reason_Code stop_function(int, _Unwind_Action, _Unwind_Exception_Class, _Unwind_Exception *,
                                         _Unwind_Context *, void *record) noexcept {
  continue_unwinding(*static_cast<guard_record *>(record), false);
}

/// What the end of a `catch (...)` calls that did not rethrow. A fault is not an exception that may be swallowed: the
/// code after the catch block relies on work that was cut off in the middle of an instruction.
inline void swallowed(_Unwind_Reason_Code, _Unwind_Exception *exception) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(exception) - offsetof(guard_record, forced);
  continue_unwinding(*reinterpret_cast<guard_record *>(address), false);
}

inline void prepare_forced_exception(guard_record &record) noexcept {
  std::memset(&record.forced, 0, sizeof record.forced);
  record.forced.uncaught_outside = uncaught_unknown;
  record.forced.unwind.exception_class = forced_class;
  record.forced.unwind.exception_cleanup = &swallowed;
  mark_as_forced(record);
}

/// Records the stack of a throw. Called in the search phase, when nothing has been unwound yet.
[[gnu::noinline]] inline void record_throw(guard_record &record) noexcept {
  frame_cache cache;
  cursor position(registers_here(), false, cache);
  frame_list frames(record.frames);
  crossed_signals crossed;
  walk_to_guard(position, [&](const frame_facts &facts, const cursor &at) noexcept {
    crossed.is_interrupted(facts, at);
    // The throw's own machinery is not part of the story: begin after the last of it.
    if (frames.count() < 8 && process.known.is_throwing(at.call_site())) {
      frames.clear();
    } else {
      frames.add(at.call_site());
    }
  });
  record.total = frames.finish();
  record.left = crossed.left();
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_UNWIND_HPP
