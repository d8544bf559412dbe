// SPDX-License-Identifier: BSL-1.0
/// @file x86_64_signal.hpp
/// What a signal's ucontext says of x86-64: registers, the cause of a fault, the floating-point state; and how the
/// kernel calls a handler. Linux.
#ifndef CGO_GUARD_ARCH_X86_64_SIGNAL_HPP
#define CGO_GUARD_ARCH_X86_64_SIGNAL_HPP

#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <unistd.h>

#include "x86_64.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

// Order of gregset_t (sys/ucontext.h) for each DWARF register.
constexpr int greg_of[register_count] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
                                         REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};

inline void from_ucontext(const ucontext_t &context, registers &out) noexcept {
  for (int i = 0; i < register_count; ++i) {
    out.value[i] = static_cast<std::uintptr_t>(context.uc_mcontext.gregs[greg_of[i]]);
  }
}

inline std::uintptr_t pc_of(const ucontext_t &context) noexcept {
  return static_cast<std::uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
}

inline std::uintptr_t sp_of(const ucontext_t &context) noexcept {
  return static_cast<std::uintptr_t>(context.uc_mcontext.gregs[REG_RSP]);
}

/// Makes the return of the signal handler continue with these registers and with the ABI's defaults for everything
/// that C++ may have changed: direction, alignment-check and trap flags, SSE and x87 modes, an x87 stack in use.
inline void to_ucontext(const registers &in, ucontext_t &context) noexcept {
  for (int i = 0; i < register_count; ++i) {
    context.uc_mcontext.gregs[greg_of[i]] = static_cast<greg_t>(in.value[i]);
  }
  constexpr greg_t trap_flag = 0x100, direction_flag = 0x400, alignment_check = 0x40000;
  context.uc_mcontext.gregs[REG_EFL] &= ~(trap_flag | direction_flag | alignment_check);
  if (auto *fp = context.uc_mcontext.fpregs; fp != nullptr) {
    fp->mxcsr = 0x1f80;  // all exceptions masked, round to nearest, no flush-to-zero: System V ABI 3.2.3
    fp->cwd = 0x37f;     // likewise; what fninit loads
    fp->swd = 0;
    fp->ftw = 0;  // the abridged tag word of fxsave: 0 is "all empty"
  }
}

/// 1 for a page fault, where the error code below is meaningful.
inline bool is_page_fault(const ucontext_t &context) noexcept { return context.uc_mcontext.gregs[REG_TRAPNO] == 14; }
inline bool page_fault_was_write(const ucontext_t &context) noexcept {
  return (context.uc_mcontext.gregs[REG_ERR] & 2) != 0;
}
inline bool page_fault_was_fetch(const ucontext_t &context) noexcept {
  return (context.uc_mcontext.gregs[REG_ERR] & 16) != 0;
}

/// int3 and `raise` report the address after the instruction, a fault the instruction itself (Intel SDM 3A, 6.5).
inline bool pc_is_after_trap(const ucontext_t &context) noexcept { return context.uc_mcontext.gregs[REG_TRAPNO] == 3; }

/// Whether the interrupted thread sent itself this signal: it stands right behind a system call whose arguments name
/// the signal and the thread. si_code can't tell: SI_TKILL is the same from any thread of the process.
/// The second form is a glibc that blocks signals around tgkill: it arrives when rt_sigprocmask lets it in.
inline bool sent_by_own_system_call(const ucontext_t &context, int signal_number, int thread_id) noexcept {
  const auto *g = context.uc_mcontext.gregs;
  std::uintptr_t word = 0;
  const auto pc = static_cast<std::uintptr_t>(g[REG_RIP]);
  if (cgo_guard_v1_load(pc - 2, &word) == 0 || (word & 0xffff) != 0x050f) return false;
  if (g[REG_RAX] != 0) return false;
  const bool tgkill = g[REG_RSI] == thread_id && g[REG_RDX] == signal_number;
  const bool tkill = g[REG_RDI] == thread_id && g[REG_RSI] == signal_number;
  const bool mask_restored = g[REG_RDI] == 2 /* SIG_SETMASK */ && g[REG_R10] == 8 /* sizeof(kernel sigset_t) */;
  return tgkill || tkill || mask_restored;
}

/// A call through a bad pointer: the processor could not read the instruction it stands at. What caused the last fault
/// stays in the contexts of later signals, but then the instruction is another one.
inline bool is_bad_call(const ucontext_t &context) noexcept {
  const auto *g = context.uc_mcontext.gregs;
  return is_page_fault(context) && page_fault_was_fetch(context) && g[REG_CR2] == g[REG_RIP];
}

/// The kernel clears the direction flag for a signal handler, but not the alignment check: with it set, our first
/// unaligned read of unwind tables would fault in turn.
inline void clear_alignment_check() noexcept {
  __asm__ volatile("pushfq\n\tandl $~0x40000,(%%rsp)\n\tpopfq" ::: "memory", "cc");
}

/// Whether a signal handler was called by the kernel, and not by another handler that was installed over it. The kernel
/// puts the ucontext right above the handler's return address (struct rt_sigframe, arch/x86/include/asm/sigframe.h).
/// @param cfa the handler's own __builtin_dwarf_cfa().
inline bool called_by_kernel(const void *cfa, const void *context) noexcept { return cfa == context; }

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_X86_64_SIGNAL_HPP
