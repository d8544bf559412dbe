// SPDX-License-Identifier: BSL-1.0
/// @file core.hpp
/// The registers of a fault as the notes of a core have them. No lock, no heap.
#ifndef CGO_GUARD_ARCH_AARCH64_CORE_HPP
#define CGO_GUARD_ARCH_AARCH64_CORE_HPP

#include "../which.hpp"

#if defined(CGO_GUARD_ARCH_IS_AARCH64)
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <elf.h>
#include <sys/procfs.h>
#include <sys/ucontext.h>

#include "signal.hpp"
#include "thread.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

constexpr std::uint16_t elf_machine = EM_AARCH64;

/// The general registers, as NT_PRSTATUS has them (struct user_pt_regs, asm/ptrace.h).
inline void fill_core_registers(const ucontext_t &context, elf_gregset_t &registers) noexcept {
  struct {
    std::uint64_t x[31], sp, pc, pstate;
  } out;
  for (int i = 0; i < 31; ++i) out.x[i] = context.uc_mcontext.regs[i];
  out.sp = context.uc_mcontext.sp;
  out.pc = context.uc_mcontext.pc;
  out.pstate = context.uc_mcontext.pstate;
  static_assert(sizeof registers == sizeof out);
  std::memcpy(&registers, &out, sizeof out);
}

inline bool has_core_float_registers(const ucontext_t &context) noexcept { return floats_of(context) != nullptr; }

/// The vector registers of 128 bits, as NT_FPREGSET has them (struct user_fpsimd_state, asm/ptrace.h). The context has
/// the two words of modes in front. @return their size, or 0 where there are none.
inline std::size_t core_float_registers(const ucontext_t &context, char *out) noexcept {
  constexpr std::size_t vectors = sizeof fpsimd_context::vregs, modes = 2 * sizeof fpsimd_context::fpsr;
  constexpr std::size_t size = vectors + 16;  // the structure ends with 8 bytes of nothing
  const fpsimd_context *const floats = floats_of(context);
  if (floats == nullptr) return 0;
  std::memset(out, 0, size);
  std::memcpy(out, &floats->vregs, vectors);
  std::memcpy(out + vectors, &floats->fpsr, modes);
  return size;
}

/// Those of SVE, as NT_ARM_SVE has them: Z0 to Z31, P0 to P15 and FFR lie there as in the context, behind another head
/// of the same size and in front of the modes (struct user_sve_header, SVE_PT_SVE_FPSR_OFFSET; asm/ptrace.h).
/// @return their size, or 0 where the thread has used none, or where they are larger than 512 bits, which the kernel
/// puts elsewhere.
inline std::size_t core_scalable_registers(const ucontext_t &context, char *out, std::size_t room) noexcept {
  struct {
    std::uint32_t size, max_size;
    std::uint16_t vector_bytes, max_vector_bytes, flags, reserved;
  } head = {};
  const auto *const saved = reinterpret_cast<const sve_context *>(find_record(context, SVE_MAGIC, sizeof(sve_context)));
  const fpsimd_context *const floats = floats_of(context);
  if (saved == nullptr || floats == nullptr || saved->vl == 0) return 0;
  constexpr std::size_t begin = sizeof head;
  static_assert(begin == sizeof(sve_context));
  const std::size_t predicate = saved->vl / 8u;  // a bit for each byte
  const std::size_t registers = 32u * saved->vl + 17 * predicate, end = begin + registers;
  if (saved->head.size < end) return 0;  // it only says how long the vectors would be
  const std::size_t modes = (end + 15) / 16 * 16, size = modes + 16;
  if (size > room) return 0;
  constexpr std::uint16_t not_only_simd = 1;  // SVE_PT_REGS_SVE
  head.size = head.max_size = static_cast<std::uint32_t>(size);
  head.vector_bytes = head.max_vector_bytes = saved->vl;
  head.flags = not_only_simd;
  std::memset(out, 0, size);
  std::memcpy(out, &head, sizeof head);
  std::memcpy(out + begin, reinterpret_cast<const char *>(saved) + begin, registers);
  std::memcpy(out + modes, &floats->fpsr, 2 * sizeof floats->fpsr);
  return size;
}

/// The bits of an address that a signature takes, as NT_ARM_PAC_MASK has them, for data and for code. A debugger needs
/// them to follow signed return addresses. The kernel tells a tracer (struct user_pac_mask, asm/ptrace.h); here the
/// processor does, by what it strips off. @return their size, or 0 where it signs nothing.
inline std::size_t core_signature_mask(char *out) noexcept {
  // Bit 55 says which half of the address space it is; the byte above is never an address (ptrauth_user_pac_mask).
  constexpr std::uint64_t lower_half = (std::uint64_t{1} << 55) - 1;
  const std::uint64_t mask = lower_half & ~strip(lower_half);
  const std::uint64_t masks[2] = {mask, mask};
  if (mask == 0) return 0;
  std::memcpy(out, masks, sizeof masks);
  return sizeof masks;
}

constexpr std::size_t core_notes_room = 16 * 1024;  // the longest vectors, of 2048 bits, take 9 KiB

/// Calls write(owner, type, data, size) for each note about the other registers, until it returns false. A size of 0
/// is no note. Called on the thread of the fault, or in a copy of it: the thread pointer is not in the context.
/// @param room core_notes_room bytes. @return false where it has.
template <class Write>
bool write_core_notes(const ucontext_t &context, char *room, Write &&write) noexcept {
  const void *const note = room;
  const std::uintptr_t thread = thread_pointer();
  return write("CORE", NT_FPREGSET, note, core_float_registers(context, room)) &&
         write("LINUX", NT_ARM_TLS, static_cast<const void *>(&thread), sizeof thread) &&
         write("LINUX", NT_ARM_SVE, note, core_scalable_registers(context, room, core_notes_room)) &&
         write("LINUX", NT_ARM_PAC_MASK, note, core_signature_mask(room));
}

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_IS_AARCH64

#endif  // CGO_GUARD_ARCH_AARCH64_CORE_HPP
