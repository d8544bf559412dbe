// SPDX-License-Identifier: BSL-1.0
/// @file fault.hpp
/// The decision in the signal handler: is this fault ours, and if so, where does the thread continue?
/// Takes no lock, allocates nothing, symbolizes nothing; what it learns goes into the guard's record.
#ifndef CGO_GUARD_FAULT_HPP
#define CGO_GUARD_FAULT_HPP

#include <csignal>
#include <utility>

#include <sys/syscall.h>
#include <unistd.h>

#include "../fault/abort.hpp"
#include "../fault/describe_fault.hpp"
#include "../fault/heap_evidence.hpp"
#include "../fault/unknown_code.hpp"
#include "../state/sanitizer.hpp"
#include "../unwind/crossed_signals.hpp"
#include "../unwind/scan.hpp"
#include "begin_failure.hpp"
#include "call_handler.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

// Room that a landing pad must have below it after a stack overflow. Destructors call into libgcc's unwinder, whose
// context and frame state take 2.5 KiB, and into free(); 64 KiB leave as much again for the destructors' own frames.
constexpr std::uintptr_t landing_room = 64 * 1024;

/// Everything the handler finds out while it walks, on the signal stack until it is known whose it is.
struct fault_walk {
  const void *frames[max_frames];
  frame_list list{frames};
  arch::registers landing;
  std::uintptr_t landing_cfa = 0, landing_site = 0;
  std::uintptr_t stack_floor = 0;
  std::uint64_t skipped = 0;     ///< before the first landing pad
  std::uint64_t pads_after = 0;  ///< at and behind it
  crossed_signals crossed;
  int frames_since_abort = -1;
  heap_evidence heap;
  bool first = true;
  bool has_landing = false;
};

/// The road to SIGABRT is not part of the story and has nothing to clean up: libstdc++'s __terminate has a `catch
/// (...)` whose handler aborts again. @return true if this frame and all before it are to be forgotten.
inline bool skip_abort_machinery(std::uintptr_t call_site, fault_facts &fault, fault_walk &walk) noexcept {
  notice_abort(call_site, walk.frames_since_abort, fault);
  const bool terminating = walk.frames_since_abort >= 0 && process.known.is_terminating(call_site);
  if (terminating) fault.through_terminate = true;
  if (terminating) fault.through_rethrow = process.known.is_rethrow(call_site);
  if (!terminating && !process.known.is_last_words(call_site)) return false;
  walk.list.clear();
  walk.has_landing = false;
  walk.skipped = walk.pads_after = 0;
  return true;
}

inline void visit_frame(const frame_facts &facts, const cursor &at, fault_facts &fault, fault_walk &walk) noexcept {
  const std::uintptr_t call_site = at.call_site();
  if (walk.first) {
    walk.first = false;
    if (is_stack_overflow(fault, at.registers().sp(), at.cfa())) {
      fault.stack_overflow = true;
      walk.stack_floor = fault.address + landing_room;
    }
  }
  walk.list.add(call_site);
  if (!fault.in_allocator && walk.heap.visit(at)) fault.in_allocator = true;
  if (fault.signal == SIGABRT && walk.list.count() < machinery_depth && skip_abort_machinery(call_site, fault, walk))
    return;

  const bool interrupted = walk.crossed.is_interrupted(facts, at);
  if (facts.signal_frame && walk.has_landing &&
      arch::will_be_overwritten(walk.crossed.left().state, walk.landing.sp())) {
    walk.has_landing = false;
    walk.skipped += std::exchange(walk.pads_after, 0);
  }
  if (facts.pad.kind == pad_kind::none && !interrupted) return;
  if (walk.has_landing) {
    ++walk.pads_after;
  } else if (interrupted || facts.pad.kind == pad_kind::gap || at.registers().sp() < walk.stack_floor) {
    ++walk.skipped;
  } else {
    walk.has_landing = true;
    walk.pads_after = 1;
    walk.landing_cfa = at.cfa();
    walk.landing = at.registers();
    walk.landing_site = call_site;
  }
}

/// From the fault to its guard.
inline found_guard walk_from_fault(const walk_start &start, fault_facts &fault, fault_walk &walk) noexcept {
  walk_start known = start;
  const bool guessed = list_first_frames(known, fault.bad_call, fault.pc, walk.list);
  frame_cache cache;
  cursor position(known, cache);
  const auto visit = [&](const frame_facts &facts, const cursor &at) noexcept { visit_frame(facts, at, fault, walk); };
  const found_guard guard = find_guard(position, cache, visit, fault.bad_call && !guessed ? fault.pc : 0);
  fault.walked = guard && guard.walked && !guessed;
  // Code without tables in the middle of the stack: who was called from there is known, so it is where it says.
  const std::uintptr_t stopped_at = position.registers().pc();
  if (!guard.walked && stopped_at != start.registers.pc() && !is_known_code(position.call_site()) &&
      arch::follows_call(stopped_at)) {
    walk.list.add(position.call_site());
  }
  return guard;
}

/// The first fault under a guard. @return whether destructors are to run.
inline bool begin_fault(const siginfo_t &info, ucontext_t &context, const found_guard &guard, const fault_facts &fault,
                        const walk_start &start, fault_walk &walk) noexcept {
  const bool land = walk.has_landing && fault.walked && !fault.in_allocator;
  core_taker *const take_core = process.take_core.load(std::memory_order_acquire);
  const char *const core_file = take_core != nullptr ? take_core(fault.signal, info, context) : nullptr;
  begin_failure(guard,
                {fault, start.registers, walk.list, walk.skipped + (land ? 0 : walk.pads_after), walk.landing_cfa});
  guard_record &record = guard.record();
  record.core_file = core_file;
  if ((record.state & state_noted) == 0 && fault.signal == SIGABRT && fault.from_libc) {
    copy_abort_message(record.note, sizeof record.note);
  }
  return land;
}

/// The second fault under one guard: a destructor crashed. What it would have cleaned is not known to be sound.
inline void abandon_cleanup(guard_record &record, const fault_facts &fault, const fault_walk &walk) noexcept {
  record.second_signal = fault.signal;
  if (fault.in_allocator) record.fault.in_allocator = true;  // whatever the first was: nothing may be freed now
  record.skipped += walk.skipped + walk.pads_after + 1;
}

/// From here on the heap can't be trusted.
inline void poison_heap(int signal) noexcept {
  int sound = 0;
  process.poisoned_by.compare_exchange_strong(sound, signal);
  if (process.heap_policy.load(std::memory_order_relaxed) == CGO_GUARD_HEAP_QUARANTINE) {
    process.mode.store(process_mode::quarantined, std::memory_order_relaxed);
  }
}

/// Whose a signal is. Fills in what there is to know of it, and changes nothing.
/// @return the guard that is to have it, or an empty one where none is.
inline found_guard whose_fault(int signal, const siginfo_t &info, const ucontext_t &context, fault_facts &fault,
                               walk_start &start, fault_walk &walk) noexcept {
  const found_guard nobody{guard_frame(no_guard::nowhere), false, {}};
  // A fork's child has its parent's stack, but its parent's callers are not there to be returned to.
  if (getpid() != process.process_id) return nobody;
  if (!is_synchronous(signal, info, context)) return nobody;

  describe_fault(signal, info, context, fault);
  arch::registers at_fault;
  arch::from_ucontext(context, at_fault);
  start = start_of_walk(at_fault, !arch::pc_is_after_trap(context), fault.bad_call);
  const found_guard guard = walk_from_fault(start, fault, walk);
  const bool refused =
      fault.in_allocator && process.heap_policy.load(std::memory_order_relaxed) == CGO_GUARD_HEAP_CRASH;
  return refused ? nobody : guard;
}

/// Takes the fault if it is ours: fills the guard's record and edits the context, so that returning from the handler
/// continues in a landing pad or at the guard.
/// @return false if it is not ours; nothing has been changed then.
inline bool take_fault(int signal, const siginfo_t &info, ucontext_t &context) noexcept {
  fault_facts fault;
  walk_start start;
  fault_walk walk;
  const found_guard guard = whose_fault(signal, info, context, fault, start, walk);
  if (!guard) return false;

  guard_record &record = guard.record();
  bool land = false;
  if ((guard.state() & state_failed) != 0) {
    record.stacks.add(guard.stacks);
    abandon_cleanup(record, fault, walk);
  } else {
    land = begin_fault(info, context, guard, fault, start, walk);
  }
  if (fault.in_allocator) poison_heap(signal);

  arch::registers target = start.registers;
  if (land) {
    target = cleanup_registers(walk.landing, walk.landing_site, record);
  } else {
    set_guard_registers(guard, &record, target);
  }
  forget_frames(guard.stacks);
  arch::to_ucontext(target, context);
  const left_handlers &left = walk.crossed.left();
  if (left.handlers != 0) arch::give_back(left.state, context);
  return true;
}

/// If our own probing access faulted, lets it return "can't be read", or written.
inline bool excuse_own_read(ucontext_t &context) noexcept {
  const std::uintptr_t at = arch::pc_of(context);
  const bool reading = at >= reinterpret_cast<std::uintptr_t>(arch::cgo_guard_v1_load_begin) &&
                       at < reinterpret_cast<std::uintptr_t>(arch::cgo_guard_v1_load_end);
  const bool writing = at == reinterpret_cast<std::uintptr_t>(&arch::cgo_guard_v1_touch);
  if (!reading && !writing) return false;
  arch::set_pc(context, reinterpret_cast<std::uintptr_t>(arch::cgo_guard_v1_load_failed));
  return true;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_FAULT_HPP
