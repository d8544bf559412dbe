// SPDX-License-Identifier: BSL-1.0
/// @file signal.hpp
/// What a signal's ucontext says of x86-64: registers, the cause of a fault, the floating-point state; and how the
/// kernel calls a handler. Linux.
#ifndef CGO_GUARD_ARCH_X86_64_SIGNAL_HPP
#define CGO_GUARD_ARCH_X86_64_SIGNAL_HPP

#include "../which.hpp"

#if defined(CGO_GUARD_ARCH_IS_X86_64)
#include <cstddef>
#include <cstring>

#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <unistd.h>

#include "code.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

// Where gregset_t (sys/ucontext.h) has each register.
constexpr int greg_of[register_count] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
                                         REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};

inline void from_ucontext(const ucontext_t &context, registers &out) noexcept {
  for (int i = 0; i < register_count; ++i) {
    out.value[i] = static_cast<std::uintptr_t>(context.uc_mcontext.gregs[greg_of[i]]);
  }
}

/// A checksum of all that a handler can change for the code that it returns to: registers, flags, x87 and SSE. Not the
/// wider parts of vector registers, which only the processor knows the place of. (FNV-1a, by words.)
inline std::uint64_t fingerprint(const ucontext_t &context) noexcept {
  std::uint64_t sum = 0xcbf29ce484222325;
  const auto add = [&sum](const void *data, std::size_t size) noexcept {
    for (std::size_t i = 0; i < size; i += sizeof sum) {
      std::uint64_t word = 0;
      std::memcpy(&word, static_cast<const char *>(data) + i, sizeof word);
      sum = (sum ^ word) * 0x100000001b3;
    }
  };
  add(&context.uc_mcontext.gregs, sizeof context.uc_mcontext.gregs);
  static_assert(sizeof *context.uc_mcontext.fpregs == 512, "what fxsave stores");
  if (context.uc_mcontext.fpregs != nullptr) add(context.uc_mcontext.fpregs, sizeof *context.uc_mcontext.fpregs);
  return sum;
}

inline std::uintptr_t pc_of(const ucontext_t &context) noexcept {
  return static_cast<std::uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
}

inline void set_pc(ucontext_t &context, std::uintptr_t pc) noexcept {
  context.uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(pc);
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

/// The pointer that a load or store has used. The kernel reports all of it.
constexpr std::uintptr_t whole_pointer(const ucontext_t &, std::uintptr_t address) noexcept { return address; }

/// 1 for a page fault, where the error code below is meaningful.
inline bool is_page_fault(const ucontext_t &context) noexcept { return context.uc_mcontext.gregs[REG_TRAPNO] == 14; }
inline bool page_fault_was_write(const ucontext_t &context) noexcept {
  return (context.uc_mcontext.gregs[REG_ERR] & 2) != 0;
}
inline bool page_fault_was_fetch(const ucontext_t &context) noexcept {
  return (context.uc_mcontext.gregs[REG_ERR] & 16) != 0;
}

/// Whether an illegal instruction may be one that no branch may come to. Linux raises no SIGILL for those here.
constexpr bool is_checked_landing(const ucontext_t &) noexcept { return false; }

/// int3 and `raise` report the address after the instruction, a fault the instruction itself (Intel SDM 3A, 6.5).
inline bool pc_is_after_trap(const ucontext_t &context) noexcept { return context.uc_mcontext.gregs[REG_TRAPNO] == 3; }

/// The same for a signal that may have come from outside, whose context keeps the number of the last trap.
inline bool is_behind_breakpoint(const ucontext_t &context) noexcept {
  return pc_is_after_trap(context) && is_breakpoint(instruction_bytes(pc_of(context) - 1));
}

/// Whether the interrupted thread stands right behind a system call that succeeded.
inline bool is_behind_system_call(const ucontext_t &context) noexcept {
  std::uintptr_t word = 0;
  return context.uc_mcontext.gregs[REG_RAX] == 0 && cgo_guard_v1_load(pc_of(context) - 2, &word) != 0 &&
         (word & 0xffff) == 0x050f;
}

/// Whether the interrupted thread sent itself this signal: that system call's arguments name the signal and the thread.
/// si_code can't tell: SI_TKILL is the same from any thread of the process.
inline bool sent_by_own_system_call(const ucontext_t &context, int signal_number, int thread_id) noexcept {
  if (!is_behind_system_call(context)) return false;
  const auto *g = context.uc_mcontext.gregs;
  const bool tgkill = g[REG_RSI] == thread_id && g[REG_RDX] == signal_number;
  const bool tkill = g[REG_RDI] == thread_id && g[REG_RSI] == signal_number;
  return tgkill || tkill;
}

/// Whether that system call has put a mask back (rt_sigprocmask), and thereby let a signal in that was waiting.
inline bool let_in_by_mask(const ucontext_t &context) noexcept {
  const auto *g = context.uc_mcontext.gregs;
  return is_behind_system_call(context) && g[REG_RDI] == 2 /* SIG_SETMASK */ &&
         g[REG_R10] == 8 /* sizeof(kernel sigset_t) */;
}

/// Whether a handler of the kernel's returns here: `mov $15,%rax; syscall` (rt_sigreturn).
inline bool is_signal_return(std::uintptr_t pc) noexcept {
  std::uintptr_t code = 0;
  return cgo_guard_v1_load(pc, &code) != 0 && code == 0x0f0000000fc0c748;
}
/// That code is libc's, which may have given it tables; the kernel takes what SA_RESTORER names.
constexpr bool signal_return_is_libcs = true;

/// Where the kernel has put the ucontext, by the registers there.
inline std::uintptr_t context_at_signal_return(const registers &r) noexcept { return r.sp(); }

/// From there to what was interrupted, where no tables say how. @return false where that can't be read.
inline bool leave_signal_frame(registers &r) noexcept {
  const std::uintptr_t saved = context_at_signal_return(r) + offsetof(ucontext_t, uc_mcontext.gregs);
  registers interrupted;
  for (int i = 0; i < register_count; ++i) {
    const auto place = static_cast<std::uintptr_t>(greg_of[i]) * sizeof(greg_t);
    if (cgo_guard_v1_load(saved + place, &interrupted.value[i]) == 0) return false;
  }
  r = interrupted;
  return true;
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
/// @param frame the handler's own address_in_this_frame(). @param return_address its own.
inline bool called_by_kernel(const void *frame, const void *, const void *context) noexcept {
  return static_cast<const char *>(frame) + sizeof(std::uintptr_t) == context;
}

/// What the kernel pushes for a signal where it doesn't say (before Linux 5.14): right for all processors without AMX.
constexpr std::size_t usual_signal_frame = 4096;

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_IS_X86_64

#endif  // CGO_GUARD_ARCH_X86_64_SIGNAL_HPP
