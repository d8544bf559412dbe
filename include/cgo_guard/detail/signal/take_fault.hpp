// SPDX-License-Identifier: BSL-1.0
/// @file take_fault.hpp
/// A fault that is ours: what happened goes into its guard's record, and the thread goes on in a landing pad or at the
/// guard. Takes no lock, allocates nothing, symbolizes nothing.
#ifndef CGO_GUARD_TAKE_FAULT_HPP
#define CGO_GUARD_TAKE_FAULT_HPP

#include "../state/sanitizer.hpp"
#include "begin_failure.hpp"
#include "whose_fault.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// The first fault under a guard. @return whether destructors are to run.
inline bool begin_fault(const siginfo_t &info, ucontext_t &context, const found_guard &guard,
                        examined_fault &fault) noexcept {
  const fault_facts &facts = fault.facts;
  const first_landing &landing = fault.landing;
  const bool land = landing.found() && facts.walked && !facts.in_allocator;
  core_taker *const take_core = process.take_core.load(std::memory_order_acquire);
  const char *const core_file = take_core != nullptr ? take_core(facts.signal, info, context) : nullptr;
  begin_failure(guard, {facts, fault.start.registers, fault.frames, landing.skipped(land), landing.cfa()});
  guard_record &record = guard.record();
  record.core_file = core_file;
  if ((record.state & state_noted) == 0 && facts.signal == SIGABRT && facts.from_libc) {
    copy_abort_message(record.note, sizeof record.note);
  }
  return land;
}

/// The second fault under one guard: a destructor crashed. What it would have cleaned is not known to be sound.
inline void abandon_cleanup(const found_guard &guard, const examined_fault &fault) noexcept {
  guard_record &record = guard.record();
  record.stacks.add(guard.stacks);
  record.second_signal = fault.facts.signal;
  if (fault.facts.in_allocator) record.fault.in_allocator = true;  // whatever the first was: nothing may be freed now
  record.skipped += fault.landing.skipped(false) + 1;
}

/// From here on the heap can't be trusted.
inline void poison_heap(int signal) noexcept {
  int sound = 0;
  process.poisoned_by.compare_exchange_strong(sound, signal);
  if (process.heap_policy.load(std::memory_order_relaxed) == CGO_GUARD_HEAP_QUARANTINE) {
    process.mode.store(process_mode::quarantined, std::memory_order_relaxed);
  }
}

/// Makes the return of the handler continue in the landing pad, or at the guard.
inline void go_on_at(const found_guard &guard, const examined_fault &fault, bool land, ucontext_t &context) noexcept {
  guard_record &record = guard.record();
  arch::registers target = fault.start.registers;
  if (land) {
    target = fault.landing.registers(record);
  } else {
    set_guard_registers(guard, &record, target);
  }
  forget_frames(guard.stacks);
  arch::to_ucontext(target, context);
  const left_handlers &left = fault.left();
  if (left.handlers != 0) give_back(left.state, context);
}

/// Takes the fault if it is ours: fills the guard's record and edits the context.
/// @return false if it is not ours; nothing has been changed then.
inline bool take_fault(int signal, const siginfo_t &info, ucontext_t &context) noexcept {
  examined_fault fault;
  const found_guard guard = whose_fault(signal, info, context, fault);
  if (!guard) return false;
  bool land = false;
  if ((guard.state() & state_failed) != 0) {
    abandon_cleanup(guard, fault);
  } else {
    land = begin_fault(info, context, guard, fault);
  }
  if (fault.facts.in_allocator) poison_heap(signal);
  go_on_at(guard, fault, land, context);
  return true;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_TAKE_FAULT_HPP
