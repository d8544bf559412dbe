// SPDX-License-Identifier: BSL-1.0
/// @file in_flight.hpp
/// Counts the exceptions that were being thrown in frames that a fault is about to leave behind. Async-signal-safe.
#ifndef CGO_GUARD_IN_FLIGHT_HPP
#define CGO_GUARD_IN_FLIGHT_HPP

#include <cxxabi.h>

#include "unwind.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// libstdc++ keeps the number of uncaught exceptions, but no list. The frame whose cleanup is running holds a pointer
/// to its exception, for the _Unwind_Resume to come, so all of them are on the stack or in a register. A word counts if
/// it points to a live C++ exception (class, one reference) whose catching frame (private_2) lies below the guard. Runs
/// only if the count isn't zero, that is, when a destructor crashes during stack unwinding.
class in_flight_counter {
 public:
  in_flight_counter(std::uintptr_t low, std::uintptr_t high) noexcept : low_(low), high_(high) {}

  void consider(std::uintptr_t word) noexcept {
    constexpr std::uintptr_t gnu_class_word = 0x474e5543432b2b00;
    constexpr std::uintptr_t header_before = 80, count_before = 96;  // exception_objects.hpp: offsets before `unwind`
    static_assert(count_before == header_before + 16, "the reference count stands before the header");
    if (word % 16 != 0 || word < 4096 || count_ == maximum) return;
    std::uintptr_t exception_class = 0, catching_frame = 0, references = 0;
    if (load(word, exception_class) == 0 || (exception_class & ~std::uintptr_t{1}) != gnu_class_word) return;
    if (load(word + offsetof(_Unwind_Exception, private_2), catching_frame) == 0) return;
    if (catching_frame < low_ || catching_frame >= high_) return;
    if (load(word - count_before, references) == 0 || (references & 0xffffffff) == 0 ||
        (references & 0xffffffff) > 1000) {
      return;  // freed: the allocator has written its list pointer there
    }
    for (int i = 0; i < count_; ++i) {
      if (seen_[i] == word) return;
    }
    seen_[count_++] = word;
  }

  void scan(const arch::registers &r) noexcept {
    for (std::uintptr_t value : r.value) consider(value);
    for (std::uintptr_t at = (r.sp() + 7) & ~std::uintptr_t{7}; at < high_; at += sizeof at) {
      std::uintptr_t word = 0;
      if (load(at, word) != 0) consider(word);
    }
  }

  std::uint32_t count() const noexcept { return static_cast<std::uint32_t>(count_); }

 private:
  static int load(std::uintptr_t address, std::uintptr_t &out) noexcept {
    return arch::cgo_guard_v1_load(address, &out);
  }
  static constexpr int maximum = 16;
  std::uintptr_t low_, high_;
  std::uintptr_t seen_[maximum];
  int count_ = 0;
};

/// Said where the number could not be had.
constexpr std::uint32_t uncaught_unknown = ~std::uint32_t{0};

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

/// std::uncaught_exceptions() as it was when the guard was entered, or uncaught_unknown.
inline std::uint32_t uncaught_outside(const arch::registers &at_fault, const guard_frame &guard) noexcept {
  struct globals {
    void *caught;
    unsigned int uncaught;
  };
  if (process.exception_state_below_thread == 0) return uncaught_unknown;
  const auto *const state =
      reinterpret_cast<const globals *>(arch::thread_pointer() - process.exception_state_below_thread);
  if (state->uncaught == 0) return 0;
  in_flight_counter counter(at_fault.sp(), guard.cfa);
  counter.scan(at_fault);
  return state->uncaught > counter.count() ? state->uncaught - counter.count() : 0;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_IN_FLIGHT_HPP
