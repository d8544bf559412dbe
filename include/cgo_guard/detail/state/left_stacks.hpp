// SPDX-License-Identifier: BSL-1.0
/// @file left_stacks.hpp
/// The parts of stacks that a failure leaves: from where it happens up to the guard, and one part more for each signal
/// handler on the way. A handler may run on a stack of its own, which may lie anywhere, also above the guard's: what is
/// below the guard is not told by its address.
#ifndef CGO_GUARD_LEFT_STACKS_HPP
#define CGO_GUARD_LEFT_STACKS_HPP

#include "../arch/arch.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

// No initialisers: it is part of a guard's record.
struct left_stacks {
  // Three handlers, each interrupted by the next, and the guard's own stack. Of more, the last ones are forgotten.
  static constexpr int maximum = 4;
  struct part {
    std::uintptr_t low, high;  ///< of the stack pointers there: in [low, high)
  } parts[maximum];
  int count;

  void open(std::uintptr_t sp) noexcept {
    if (count < maximum) ++count;
    parts[count - 1] = {sp, sp};
  }
  void close(std::uintptr_t sp) noexcept { parts[count - 1].high = sp; }

  /// Whether a frame stood in one of the parts when the failure came, by its stack pointer.
  bool contain(std::uintptr_t sp) const noexcept {
    for (int i = 0; i < count; ++i) {
      if (sp >= parts[i].low && sp < parts[i].high) return true;
    }
    return false;
  }

  /// A later failure under the same guard: destructors have run since, further down than where the first one was.
  void add(const left_stacks &later) noexcept {
    for (int i = 0; i < later.count; ++i) {
      int same = 0;
      while (same < count && parts[same].high != later.parts[i].high) ++same;
      if (same == maximum) continue;
      if (same == count) parts[count++] = later.parts[i];
      if (later.parts[i].low < parts[same].low) parts[same].low = later.parts[i].low;
    }
  }
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_LEFT_STACKS_HPP
