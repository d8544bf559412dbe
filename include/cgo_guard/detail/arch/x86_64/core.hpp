// SPDX-License-Identifier: BSL-1.0
/// @file core.hpp
/// The registers of a fault as the notes of a core have them. No lock, no heap.
#ifndef CGO_GUARD_ARCH_X86_64_CORE_HPP
#define CGO_GUARD_ARCH_X86_64_CORE_HPP

#include "../which.hpp"

#if defined(CGO_GUARD_ARCH_IS_X86_64)
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <elf.h>
#include <sys/procfs.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <sys/user.h>
#include <unistd.h>

#include "../../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

constexpr std::uint16_t elf_machine = EM_X86_64;

/// The general registers, as NT_PRSTATUS has them. Called on the thread of the fault, or in a copy of it: the thread
/// pointer is not in the context.
inline void fill_core_registers(const ucontext_t &context, elf_gregset_t &registers) noexcept {
  const auto value = [&](int index) {
    return static_cast<unsigned long long>(context.uc_mcontext.gregs[static_cast<std::size_t>(index)]);
  };
  user_regs_struct out = {};
  out.r15 = value(REG_R15);
  out.r14 = value(REG_R14);
  out.r13 = value(REG_R13);
  out.r12 = value(REG_R12);
  out.r11 = value(REG_R11);
  out.r10 = value(REG_R10);
  out.r9 = value(REG_R9);
  out.r8 = value(REG_R8);
  out.rbp = value(REG_RBP);
  out.rbx = value(REG_RBX);
  out.rax = value(REG_RAX);
  out.rcx = value(REG_RCX);
  out.rdx = value(REG_RDX);
  out.rsi = value(REG_RSI);
  out.rdi = value(REG_RDI);
  out.rip = value(REG_RIP);
  out.rsp = value(REG_RSP);
  out.eflags = value(REG_EFL);
  out.orig_rax = ~0ULL;  // no system call is to be restarted
  out.cs = 0x33;         // what every 64-bit program of Linux runs with (USER_CS, USER_DS)
  out.ss = 0x2b;
  constexpr int get_fs = 0x1003, get_gs = 0x1004;  // asm/prctl.h, which a machine without kernel headers lacks
  syscall(SYS_arch_prctl, get_fs, &out.fs_base);
  syscall(SYS_arch_prctl, get_gs, &out.gs_base);
  static_assert(sizeof registers == sizeof out);
  std::memcpy(&registers, &out, sizeof out);
}

/// What fxsave writes: the x87 and SSE registers.
constexpr std::size_t core_float_size = 512;

inline bool has_core_float_registers(const ucontext_t &context) noexcept {
  return context.uc_mcontext.fpregs != nullptr;
}

/// All vector registers, as NT_X86_XSTATE has them. The kernel has saved them behind the 512 bytes, and describes them
/// in the last 48 of those (struct _fpx_sw_bytes, asm/sigcontext.h); a debugger looks there for the mask alone.
/// @return their size, or 0 where there are none or `size` is too little.
inline std::size_t core_vector_registers(const ucontext_t &context, char *out, std::size_t size) noexcept {
  constexpr std::size_t described_at = 464, described_size = 48;
  struct description {
    std::uint32_t magic, extended_size;
    std::uint64_t features;
    std::uint32_t state_size;
  } saved;
  const char *const area = reinterpret_cast<const char *>(context.uc_mcontext.fpregs);
  if (area == nullptr) return 0;
  std::memcpy(&saved, area + described_at, sizeof saved);
  if (saved.magic != 0x46505853 || saved.state_size > size || saved.state_size < core_float_size) return 0;
  std::memcpy(out, area, saved.state_size);
  std::memset(out + described_at, 0, described_size);
  std::memcpy(out + described_at, &saved.features, sizeof saved.features);
  return saved.state_size;
}

constexpr std::size_t core_notes_room = 16 * 1024;  // AVX-512 and AMX take 11 KiB

/// Calls write(owner, type, data, size) for each note about the other registers, until it returns false. A size of 0
/// is no note.
/// @param room core_notes_room bytes. @return false where it has.
template <class Write>
bool write_core_notes(const ucontext_t &context, char *room, Write &&write) noexcept {
  const std::size_t floats = has_core_float_registers(context) ? core_float_size : 0;
  return write("CORE", NT_FPREGSET, static_cast<const void *>(context.uc_mcontext.fpregs), floats) &&
         write("LINUX", NT_X86_XSTATE, static_cast<const void *>(room),
               core_vector_registers(context, room, core_notes_room));
}

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_IS_X86_64

#endif  // CGO_GUARD_ARCH_X86_64_CORE_HPP
