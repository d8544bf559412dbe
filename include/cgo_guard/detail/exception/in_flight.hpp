// SPDX-License-Identifier: BSL-1.0
/// @file in_flight.hpp
/// Counts the exceptions that were being thrown in frames that a fault is about to leave behind. Async-signal-safe.
#ifndef CGO_GUARD_IN_FLIGHT_HPP
#define CGO_GUARD_IN_FLIGHT_HPP

#include "../unwind/scan.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// The C++ runtime keeps the number of uncaught exceptions, but no list. The frame whose cleanup is running holds a
/// pointer to its exception, for the _Unwind_Resume to come, so all of them are on the stack or in a register. A word
/// counts if it points to a live C++ exception (class, one reference) whose catching frame (private_2) is one that is
/// left. Runs only if the count isn't zero, that is, when a destructor crashes during stack unwinding.
class in_flight_counter {
 public:
  /// @param guard_cfa of the guard that the stacks end at, or 0. No frame under it keeps a word in the guard's own:
  /// what stands there is room, and a record of which parts may be an earlier guard's.
  explicit in_flight_counter(const left_stacks &left, std::uintptr_t guard_cfa = 0) noexcept
      : left_(left), guard_cfa_(guard_cfa) {}

  void consider(std::uintptr_t word) noexcept {
    if (word % alignof(_Unwind_Exception) != 0 || word < arch::page_size() || count_ == maximum) return;
    std::uintptr_t first = 0;
    if (load(word, first) == 0) return;
    consider_header(word);
    // What can't return has kept no pointer for an _Unwind_Resume, but whoever threw may have the object's still.
    consider_header(word - sizeof(_Unwind_Exception));
  }

  /// Where one may begin.
  void consider_header(std::uintptr_t word) noexcept {
    std::uintptr_t exception_class = 0, catching_frame = 0;
    if (load(word, exception_class) == 0 || !cxx::is_counted_class(exception_class)) return;
    if (load(word + offsetof(_Unwind_Exception, private_2), catching_frame) == 0) return;
    // 0 until the search has found who catches: a stack that runs out in the unwinder.
    if (catching_frame != 0 && !left_.contain(catching_frame)) return;
    if (cxx::is_alive_and_uncaught(word)) add(word);
  }

  /// The same for what stands for an exception after a failure that is none: of a guard whose destructors are running.
  /// @param handled the exception that is being handled, which is not in flight.
  void consider_failure(std::uintptr_t word, std::uintptr_t handled) noexcept {
    std::uintptr_t exception_class = 0, guard_cfa = 0;
    if (!left_.contain(word) || word == handled || load(word, exception_class) == 0 || exception_class != forced_class)
      return;
    if (load(word - offsetof(guard_record, forced) + offsetof(guard_record, guard_cfa), guard_cfa) == 0) return;
    const bool running = left_.contain(guard_cfa) && canary_in(guard_cfa) != 0;
    if (running && (guard_frame(guard_cfa).state() & state_failed) != 0) add(word);
  }

  void scan(const arch::registers &r) noexcept {
    scan(r, [](std::uintptr_t) noexcept {});
  }
  /// @param also is asked about each word as well.
  template <class Also>
  void scan(const arch::registers &r, Also &&also) noexcept {
    for (std::uintptr_t value : r.value) consider(value);
    for (int i = 0; i < left_.count; ++i) {
      const std::uintptr_t high = left_.parts[i].high;
      const std::uintptr_t end = high == guard_cfa_ ? guard_frame(high).sp() : high;
      for (std::uintptr_t at = (left_.parts[i].low + 7) & ~std::uintptr_t{7}; at < end; at += sizeof at) {
        std::uintptr_t word = 0;
        if (load(at, word) == 0) continue;
        consider(word);
        also(word);
      }
    }
  }

  /// Once all that is left behind has been counted: nobody destroys those objects (see design.md), and a slot of the
  /// stack that is never written again may point to one for as long as the thread lives. From here on it is none that a
  /// frame waits for.
  void forget_counted() const noexcept {
    for (int i = 0; i < count_; ++i) reinterpret_cast<_Unwind_Exception *>(seen_[i])->private_2 = nobody_catches;
  }

  std::uint32_t count() const noexcept { return static_cast<std::uint32_t>(count_); }
  /// The one that was thrown last, as far as the stack tells; nullptr for none.
  _Unwind_Exception *innermost() const noexcept {
    return count_ != 0 ? reinterpret_cast<_Unwind_Exception *>(seen_[0]) : nullptr;
  }

 private:
  void add(std::uintptr_t word) noexcept {
    for (int i = 0; i < count_; ++i) {
      if (seen_[i] == word) return;
    }
    if (count_ < maximum) seen_[count_++] = word;
  }
  static int load(std::uintptr_t address, std::uintptr_t &out) noexcept {
    return arch::cgo_guard_v1_load(address, &out);
  }
  static constexpr std::uintptr_t nobody_catches = 1;  // no address of a frame
  static constexpr int maximum = 16;
  const left_stacks &left_;
  const std::uintptr_t guard_cfa_;
  std::uintptr_t seen_[maximum];
  int count_ = 0;
};

/// How many of the exceptions in flight were thrown outside a guard: there a destructor runs that has called it, and
/// will go on with its own. So the pointer to each is above the guard, where one that was thrown under it may be
/// nowhere: a frame that was cleaning up, and whose destructor can't return, has no more use for its exception.
/// @return false where the stack above the guard has no known end.
inline bool count_outside(std::uintptr_t guard_cfa, const cxx::globals &now, std::uint32_t &count) noexcept {
  const std::uintptr_t top = stack_top(guard_cfa, syscall(SYS_gettid) == getpid());
  if (top == 0) return false;
  left_stacks outside{};
  // With the registers that the trampoline has saved for its caller: they all stand above the record.
  outside.open(guard_cfa + static_cast<std::uintptr_t>(arch::record_offset) + arch::record_room);
  outside.close(top);
  in_flight_counter counter(outside);
  const auto handled = reinterpret_cast<std::uintptr_t>(cxx::caught_last(now));
  counter.scan(arch::registers{}, [&](std::uintptr_t word) noexcept { counter.consider_failure(word, handled); });
  count = counter.count();
  return true;
}

/// What was thrown under a guard and is not caught where it fails.
struct thrown_inside {
  std::uint32_t count = 0;
  bool is_exact = false;
  _Unwind_Exception *innermost = nullptr;  ///< as far as the stack tells
};

/// Those outside are counted first, because under the guard a stack holds pointers to exceptions of the past as well.
/// @param are_left whether the frames of `stacks` end here, and with them what was thrown there
inline thrown_inside find_thrown_inside(const cxx::globals &now, std::uintptr_t guard_cfa, const left_stacks &stacks,
                                        const arch::registers &from, bool are_left) noexcept {
  if (now.uncaught == 0) return {};
  std::uint32_t outside = 0;
  const bool counted = count_outside(guard_cfa, now, outside);
  if (counted && outside >= now.uncaught) return {0, true, nullptr};
  in_flight_counter counter(stacks, guard_cfa);
  counter.scan(from);
  if (are_left) counter.forget_counted();
  return {counted ? now.uncaught - outside : counter.count(), counted, counter.innermost()};
}

/// Fills that in.
inline void look_for_exceptions(const arch::registers &failed, guard_record &record) noexcept {
  const thrown_inside thrown =
      find_thrown_inside(cxx::state_place.now(), record.guard_cfa, record.stacks, failed, true);
  record.in_flight = thrown.count;
  record.in_flight_is_exact = thrown.is_exact;
  record.thrown = thrown.innermost;
}

/// The exception that is on its way under the guard, or nullptr. Ordinary context.
[[gnu::noinline]] inline _Unwind_Exception *exception_in_flight(std::uintptr_t guard_cfa,
                                                                const left_stacks &stacks) noexcept {
  return find_thrown_inside(cxx::current_globals(), guard_cfa, stacks, registers_here(), false).innermost;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_IN_FLIGHT_HPP
