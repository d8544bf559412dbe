// SPDX-License-Identifier: BSL-1.0
/// @file in_flight.hpp
/// Counts the exceptions that were being thrown in frames that a fault is about to leave behind. Async-signal-safe.
#ifndef CGO_GUARD_IN_FLIGHT_HPP
#define CGO_GUARD_IN_FLIGHT_HPP

#include "unwind.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// libstdc++ keeps the number of uncaught exceptions, but no list. The frame whose cleanup is running holds a pointer
/// to its exception, for the _Unwind_Resume to come, so all of them are on the stack or in a register. A word counts if
/// it points to a live C++ exception (class, one reference) whose catching frame (private_2) is one that is left. Runs
/// only if the count isn't zero, that is, when a destructor crashes during stack unwinding.
class in_flight_counter {
 public:
  explicit in_flight_counter(const left_stacks &left) noexcept : left_(left) {}

  void consider(std::uintptr_t word) noexcept {
    constexpr std::uintptr_t before = offsetof(exception_header, unwind);
    if (word % 16 != 0 || word < 4096 || count_ == maximum) return;
    std::uintptr_t exception_class = 0, catching_frame = 0, references = 0, handlers = 0;
    if (load(word, exception_class) == 0 || (exception_class & ~std::uintptr_t{1}) != gnu_class) return;
    if (load(word + offsetof(_Unwind_Exception, private_2), catching_frame) == 0) return;
    // 0 until the search has found who catches: a stack that runs out in the unwinder.
    if (catching_frame != 0 && !left_.contain(catching_frame)) return;
    if (load(word - before - reference_count_offset, references) == 0 || (references & 0xffffffff) == 0 ||
        (references & 0xffffffff) > 1000) {
      return;  // freed: the allocator has written its list pointer there
    }
    if (load(word - before + offsetof(exception_header, handler_count), handlers) == 0) return;
    if (static_cast<std::int32_t>(handlers) > 0) return;  // a catch clause has it
    for (int i = 0; i < count_; ++i) {
      if (seen_[i] == word) return;
    }
    seen_[count_++] = word;
  }

  void scan(const arch::registers &r) noexcept {
    for (std::uintptr_t value : r.value) consider(value);
    for (int i = 0; i < left_.count; ++i) {
      for (std::uintptr_t at = (left_.parts[i].low + 7) & ~std::uintptr_t{7}; at < left_.parts[i].high;
           at += sizeof at) {
        std::uintptr_t word = 0;
        if (load(at, word) != 0) consider(word);
      }
    }
  }

  std::uint32_t count() const noexcept { return static_cast<std::uint32_t>(count_); }
  /// The one that was thrown last, as far as the stack tells; nullptr for none.
  _Unwind_Exception *innermost() const noexcept {
    return count_ != 0 ? reinterpret_cast<_Unwind_Exception *>(seen_[0]) : nullptr;
  }

 private:
  static int load(std::uintptr_t address, std::uintptr_t &out) noexcept {
    return arch::cgo_guard_v1_load(address, &out);
  }
  static constexpr int maximum = 16;
  const left_stacks &left_;
  std::uintptr_t seen_[maximum];
  int count_ = 0;
};

/// Finds out where a thread's exception state is. Ordinary context, once.
/// The signal handler must not ask libstdc++ for it: where that was dlopen'ed (a plugin of a C program), a thread's
/// first touch of its thread-local variables allocates. Where it was there from the start, they are at the same
/// distance from every thread's pointer, and never allocated. The two are told apart by that distance: the blocks that
/// are there from the start are right below the pointer, and together seldom larger than a few KiB.
inline void locate_exception_state() noexcept {
  const auto here = reinterpret_cast<std::uintptr_t>(abi::__cxa_get_globals());
  const std::uintptr_t distance = arch::thread_pointer() - here;
  constexpr std::uintptr_t plausible = 16 * 1024;
  process.exception_state_below_thread = distance < plausible ? distance : 0;
}

/// Whether the thread has exceptions in flight at all, as far as the handler can know. In doubt it has none: the search
/// reads wherever a word points to, and each read that fails is a signal more.
inline bool is_throwing() noexcept {
  if (process.exception_state_below_thread == 0) return false;
  const auto *const state =
      reinterpret_cast<const exception_globals *>(arch::thread_pointer() - process.exception_state_below_thread);
  return state->uncaught != 0;
}

/// Fills in which exceptions were thrown under the guard, and are not caught where it fails.
inline void look_for_exceptions(const arch::registers &failed, guard_record &record) noexcept {
  record.in_flight = 0;
  record.thrown = nullptr;
  if (!is_throwing()) return;
  in_flight_counter counter(record.stacks);
  counter.scan(failed);
  record.in_flight = counter.count();
  record.thrown = counter.innermost();
}

/// The exception that is on its way under the guard, or nullptr. Ordinary context.
[[gnu::noinline]] inline _Unwind_Exception *exception_in_flight(const left_stacks &stacks) noexcept {
  if (current_globals().uncaught == 0) return nullptr;
  arch::registers here;
  arch::cgo_guard_v1_capture(&here);
  in_flight_counter counter(stacks);
  counter.scan(here);
  return counter.innermost();
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_IN_FLIGHT_HPP
