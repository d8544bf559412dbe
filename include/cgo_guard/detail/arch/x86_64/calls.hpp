// SPDX-License-Identifier: BSL-1.0
/// @file calls.hpp
/// What a call leaves on the stack, and calls that nobody has written. System V ABI. Reads may fail.
#ifndef CGO_GUARD_ARCH_X86_64_CALLS_HPP
#define CGO_GUARD_ARCH_X86_64_CALLS_HPP

#include "../which.hpp"

#if defined(CGO_GUARD_ARCH_IS_X86_64)
#include "routines.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

/// Makes registers of a frame those of a call that it does not make: function(argument), to return to `site`.
inline void set_call(registers &r, std::uintptr_t function, std::uintptr_t argument, std::uintptr_t site) noexcept {
  r.value[number::rax] = function;
  r.value[number::rdx] = site;
  r.value[number::rdi] = argument;
  r.value[pc_register] = reinterpret_cast<std::uintptr_t>(cgo_guard_v1_call);
}

/// Bytes below rsp that belong to the interrupted function although it has not claimed them.
constexpr std::uintptr_t red_zone = 128;

/// How far below rsp a function writes that is about to move it there: a call or push 8 bytes, a probe up to a page
/// (GCC's -fstack-clash-protection).
constexpr std::uintptr_t written_below_sp = 4096;

/// By how much rsp can be above the end of a stack when a push faults, which leaves it where it was: pushes are of its
/// own alignment.
constexpr std::uintptr_t largest_push = 0;

/// An address in the frame of the function that this is part of, above all that it calls. Its caller's frame begins
/// behind the word of the return address.
[[gnu::always_inline]] inline std::uintptr_t address_in_this_frame() noexcept {
  return reinterpret_cast<std::uintptr_t>(__builtin_dwarf_cfa()) - sizeof(std::uintptr_t);
}

/// A call through a bad pointer leaves nothing but the return address on the stack. Takes it off again, so that the
/// walk begins at the caller, which can be described.
inline bool pop_return_address(registers &r) noexcept {
  std::uintptr_t return_address = 0;
  if (cgo_guard_v1_load(r.sp(), &return_address) == 0) return false;
  r.value[sp_register] += sizeof(std::uintptr_t);
  r.value[pc_register] = return_address;
  return true;
}

/// From a function to its caller by the frame pointer.
inline bool pop_frame(registers &r) noexcept {
  const std::uintptr_t frame = r.value[frame_register];
  constexpr std::uintptr_t word = sizeof frame;
  if (cgo_guard_v1_load(frame, &r.value[frame_register]) == 0) return false;
  if (cgo_guard_v1_load(frame + word, &r.value[pc_register]) == 0) return false;
  r.value[sp_register] = frame + 2 * word;
  return true;
}

/// Where a caller stands, in one word, from which its stack can be walked as long as the function it called runs:
/// rsp (47 bits, of which a call site has the last four 0), and rbp as its distance from there, 0 for one that is no
/// frame pointer. @return 0 where it does not fit.
inline std::uintptr_t pack_caller(const registers &r) noexcept {
  const std::uintptr_t sp = r.sp(), distance = r.value[frame_register] - sp;
  if ((sp & 15) != 0 || sp >> 47 != 0) return 0;
  const bool frame_pointer = (distance & 7) == 0 && distance >> 24 == 0;
  return sp >> 4 << 21 | (frame_pointer ? distance >> 3 : 0);
}
inline bool unpack_caller(std::uintptr_t packed, registers &out) noexcept {
  const std::uintptr_t sp = packed >> 21 << 4, distance = (packed & 0x1fffff) << 3;
  out.value[sp_register] = sp;
  out.value[frame_register] = distance != 0 ? sp + distance : 0;
  return cgo_guard_v1_load(sp - sizeof sp, &out.value[pc_register]) != 0;
}

/// Calls a function that never returns on another stack. @param top 16-byte aligned.
[[noreturn]] inline void call_on_stack(void (*function)(void *), void *argument, void *top) noexcept {
  __asm__ volatile(
      "movq %0,%%rsp\n\t"
      "xorl %%ebp,%%ebp\n\t"
      "callq *%1\n\t"
      "ud2"
      :
      : "r"(top), "r"(function), "D"(argument)
      : "memory");
  __builtin_unreachable();
}

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_IS_X86_64

#endif  // CGO_GUARD_ARCH_X86_64_CALLS_HPP
