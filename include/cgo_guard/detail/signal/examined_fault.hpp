// SPDX-License-Identifier: BSL-1.0
/// @file examined_fault.hpp
/// What is found out on the way from a fault to its guard: the frames, where destructors can begin, whose the heap is.
/// Async-signal-safe.
#ifndef CGO_GUARD_EXAMINED_FAULT_HPP
#define CGO_GUARD_EXAMINED_FAULT_HPP

#include <utility>

#include "../fault/abort.hpp"
#include "../fault/describe_fault.hpp"
#include "../fault/heap_evidence.hpp"
#include "../unwind/crossed_signals.hpp"
#include "../unwind/scan.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

// Room that a landing pad must have below it after a stack overflow. Destructors call into libgcc's unwinder, whose
// context and frame state take 2.5 KiB, and into free(); 64 KiB leave as much again for the destructors' own frames.
constexpr std::uintptr_t landing_room = 64 * 1024;

/// The first frame that has a landing pad which can be entered, and how many of those before and after can not.
class first_landing {
 public:
  /// A stack has run out: pads down there have no room.
  void stay_above(std::uintptr_t end_of_stack) noexcept { floor_ = end_of_stack + landing_room; }

  /// For each frame, innermost first. @param interrupted by a signal, so that no table says what it holds.
  void visit(const frame_facts &facts, const cursor &at, bool interrupted) noexcept {
    if (facts.pad.kind == pad_kind::none && !interrupted) return;
    if (found_) {
      ++pads_after_;
    } else if (interrupted || facts.pad.kind == pad_kind::gap || at.registers().sp() < floor_) {
      ++skipped_;
    } else {
      found_ = true;
      pads_after_ = 1;
      frame_ = at.registers();
      cfa_ = at.cfa();
      call_site_ = at.call_site();
    }
  }

  /// The frame of a signal whose stack is given back, which may be the one that the pad would run on.
  void pass_signal(const interrupted_state &state) noexcept {
    if (!found_ || !will_be_overwritten(state, frame_.sp())) return;
    found_ = false;
    skipped_ += std::exchange(pads_after_, 0);
  }

  /// There is nothing to clean up in the frames so far.
  void begin_here() noexcept {
    found_ = false;
    skipped_ = pads_after_ = 0;
  }

  bool found() const noexcept { return found_; }
  std::uintptr_t cfa() const noexcept { return cfa_; }

  /// How many frames are left without their destructors. @param land whether the pad is entered.
  std::uint64_t skipped(bool land) const noexcept { return skipped_ + (land ? 0 : pads_after_); }

  /// The registers with which destructors begin to run. Only where a pad was found.
  arch::registers registers(guard_record &record) const noexcept {
    return cleanup_registers(frame_, call_site_, record);
  }

 private:
  arch::registers frame_;
  std::uintptr_t cfa_ = 0, call_site_ = 0, floor_ = 0;
  std::uint64_t skipped_ = 0;     ///< before the pad
  std::uint64_t pads_after_ = 0;  ///< at and behind it
  bool found_ = false;
};

/// A fault and all that is found out of it, on the signal stack until it is known whose it is.
class examined_fault {
 public:
  fault_facts facts;
  walk_start start;
  frame_list frames{storage_};
  first_landing landing;

  examined_fault() = default;
  examined_fault(const examined_fault &) = delete;
  examined_fault &operator=(const examined_fault &) = delete;

  /// For each frame of the walk to the guard, innermost first.
  void visit(const frame_facts &frame, const cursor &at) noexcept {
    if (is_first_) notice_overflow(at);
    frames.add(at.call_site());
    if (!facts.in_allocator && heap_.visit(at)) facts.in_allocator = true;
    if (is_abort_machinery(at.call_site())) {
      frames.clear();
      landing.begin_here();
      return;
    }
    const bool interrupted = crossed_.is_interrupted(frame, at);
    if (frame.signal_frame) landing.pass_signal(crossed_.left().state);
    landing.visit(frame, at, interrupted);
  }

  /// Handlers of the program's that are left.
  const left_handlers &left() const noexcept { return crossed_.left(); }

 private:
  void notice_overflow(const cursor &innermost) noexcept {
    is_first_ = false;
    if (!is_stack_overflow(facts, innermost.registers().sp(), innermost.cfa())) return;
    facts.stack_overflow = true;
    landing.stay_above(facts.address);
  }

  /// The road to SIGABRT is not part of the story and has nothing to clean up: libstdc++'s __terminate has a `catch
  /// (...)` whose handler aborts again. @return whether this frame and all before it are to be forgotten.
  bool is_abort_machinery(std::uintptr_t call_site) noexcept {
    if (facts.signal != SIGABRT || frames.count() >= machinery_depth) return false;
    notice_abort(call_site, frames_since_abort_, facts);
    if (frames_since_abort_ >= 0 && process.known.is_terminating(call_site)) {
      facts.through_terminate = true;
      facts.through_rethrow = process.known.is_rethrow(call_site);
      return true;
    }
    return process.known.is_last_words(call_site);
  }

  const void *storage_[max_frames];
  crossed_signals crossed_;
  heap_evidence heap_;
  int frames_since_abort_ = -1;
  bool is_first_ = true;
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_EXAMINED_FAULT_HPP
