// SPDX-License-Identifier: BSL-1.0
/// @file calls.hpp
/// What a call leaves behind, and calls that nobody has written. AAPCS64. Reads may fail.
#ifndef CGO_GUARD_ARCH_AARCH64_CALLS_HPP
#define CGO_GUARD_ARCH_AARCH64_CALLS_HPP

#include "../which.hpp"

#if defined(CGO_GUARD_ARCH_IS_AARCH64)
#include "routines.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

/// Makes registers of a frame those of a call that it does not make: function(argument), to return to `site`. A call
/// leaves nothing but its return address, and that in a register. What that register had is not lost: the frame has a
/// landing pad where it stands, so it has called somebody and keeps its own return address on the stack.
inline void set_call(registers &r, std::uintptr_t function, std::uintptr_t argument, std::uintptr_t site) noexcept {
  r.value[number::x0] = argument;
  r.value[number::x30] = site;
  r.value[pc_register] = function;
}

/// Bytes below sp that belong to the interrupted function although it has not claimed them: none (AAPCS64, 6.4.5.1).
constexpr std::uintptr_t red_zone = 0;

/// How far below sp a function writes that is about to move it there: `stp x29,x30,[sp,#-512]!` at most, but a probe up
/// to a page of the largest size (-fstack-clash-protection; GCC's default guard is of 64 KiB).
constexpr std::uintptr_t written_below_sp = 64 * 1024;

/// By how much one instruction moves sp, which stays where it was if that instruction faults: `stp q0,q1,[sp,#-1024]!`.
constexpr std::uintptr_t largest_push = 1024;

/// An address in the frame of the function that this is part of, above all that it calls: its frame record. The CFA
/// would say less: clang has none here but this (14, for __builtin_dwarf_cfa).
[[gnu::always_inline]] inline std::uintptr_t address_in_this_frame() noexcept {
  return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
}

/// A call through a bad pointer leaves nothing on the stack, and who called in x30. The walk begins there, at the
/// caller, which can be described.
inline bool pop_return_address(registers &r) noexcept {
  if (r.value[return_register] == 0) return false;
  continue_at_return_address(r);
  return true;
}

/// From a function to its caller by the frame record, which is anywhere in the frame. So where the caller's frame ends
/// is not known: but its own record is in it, where GCC's functions have their sp, and by which clang's tables go.
inline bool pop_frame(registers &r) noexcept {
  const std::uintptr_t frame = r.value[frame_register];
  constexpr std::uintptr_t word = sizeof frame;
  if (cgo_guard_v1_load(frame, &r.value[frame_register]) == 0) return false;
  if (cgo_guard_v1_load(frame + word, &r.value[return_register]) == 0) return false;
  continue_at_return_address(r);
  r.value[sp_register] = r.value[frame_register];
  return true;
}

/// Where a caller stands, in one word, from which its stack can be walked as long as the function it called runs:
///
///     44 bits  sp in units of 16
///     6 bits   how many words below sp the function that it called keeps its return address, which it has in no fixed
///              place: 1 for the one right below
///     14 bits  where the caller's frame record is, from sp on, in units of 16, and 1 more; 0 for none
///
/// @return 0 where it does not fit.
inline std::uintptr_t pack_caller(const registers &r) noexcept {
  constexpr std::uintptr_t unit = 16, furthest = (1U << 6) - 1, record_limit = (1U << 14) - 1;
  const std::uintptr_t sp = r.sp(), record = r.value[frame_register] - sp;
  if (sp % unit != 0 || sp >> 48 != 0) return 0;
  std::uintptr_t below = 1;
  for (std::uintptr_t word = 0;; ++below) {
    if (below > furthest || cgo_guard_v1_load(sp - below * sizeof word, &word) == 0) return 0;
    if (strip(word) == r.pc()) break;
  }
  const bool is_record = record % unit == 0 && record / unit < record_limit;
  return sp / unit << 20 | below << 14 | (is_record ? record / unit + 1 : 0);
}
inline bool unpack_caller(std::uintptr_t packed, registers &out) noexcept {
  const std::uintptr_t sp = packed >> 20 << 4, below = packed >> 14 & 0x3f, record = packed & 0x3fff;
  out.value[sp_register] = sp;
  out.value[frame_register] = record != 0 ? sp + (record - 1) * 16 : 0;
  if (cgo_guard_v1_load(sp - below * sizeof sp, &out.value[return_register]) == 0) return false;
  continue_at_return_address(out);
  return true;
}

/// Calls a function that never returns on another stack. @param top 16-byte aligned.
[[noreturn]] inline void call_on_stack(void (*function)(void *), void *argument, void *top) noexcept {
  register void *x0 __asm__("x0") = argument;
  __asm__ volatile(
      "mov sp,%0\n\t"
      "mov x29,xzr\n\t"
      "mov x30,xzr\n\t"
      "blr %1\n\t"
      "brk #1"
      :
      : "r"(top), "r"(function), "r"(x0)
      : "memory");
  __builtin_unreachable();
}

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_IS_AARCH64

#endif  // CGO_GUARD_ARCH_AARCH64_CALLS_HPP
