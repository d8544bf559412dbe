// SPDX-License-Identifier: BSL-1.0
/// @file signal.hpp
/// What a signal's ucontext says of 64-bit Arm: registers, the cause of a fault, the floating-point state; and how the
/// kernel calls a handler. Linux.
#ifndef CGO_GUARD_ARCH_AARCH64_SIGNAL_HPP
#define CGO_GUARD_ARCH_AARCH64_SIGNAL_HPP

#include "../which.hpp"

#if defined(CGO_GUARD_ARCH_IS_AARCH64)
#include <csignal>
#include <cstddef>
#include <cstring>

#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <unistd.h>

#include "operand.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

/// The records behind the general registers (asm/sigcontext.h): a head each, and an empty one at the end. What is
/// wanted here is always among those in the ucontext itself; vectors longer than 512 bits are elsewhere.
/// @return the one with this magic number and at least this size, or nullptr.
inline _aarch64_ctx *find_record(const ucontext_t &context, std::uint32_t magic, std::size_t size) noexcept {
  const auto &room = context.uc_mcontext.__reserved;
  auto *const area = const_cast<char *>(reinterpret_cast<const char *>(&room));
  for (std::size_t at = 0; at + sizeof(_aarch64_ctx) <= sizeof room;) {
    auto *const head = reinterpret_cast<_aarch64_ctx *>(area + at);
    if (head->magic == 0 || head->size < sizeof *head) break;
    if (head->magic == magic) return head->size >= size && at + size <= sizeof room ? head : nullptr;
    at += head->size;
  }
  return nullptr;
}
inline fpsimd_context *floats_of(const ucontext_t &context) noexcept {
  return reinterpret_cast<fpsimd_context *>(find_record(context, FPSIMD_MAGIC, sizeof(fpsimd_context)));
}

constexpr int first_kept_vector = 8;  ///< of those that are registers of a walk: v8

inline void from_ucontext(const ucontext_t &context, registers &out) noexcept {
  for (int i = 0; i < general_count; ++i) out.value[i] = static_cast<std::uintptr_t>(context.uc_mcontext.regs[i]);
  out.value[sp_register] = static_cast<std::uintptr_t>(context.uc_mcontext.sp);
  out.value[pc_register] = static_cast<std::uintptr_t>(context.uc_mcontext.pc);
  const fpsimd_context *const floats = floats_of(context);
  for (int i = 0; i < vector_count; ++i) {
    out.value[number::d8 + i] =
        floats != nullptr ? static_cast<std::uintptr_t>(floats->vregs[first_kept_vector + i]) : 0;
  }
}

/// A checksum of all that a handler can change for the code that it returns to: general registers, flags, and the
/// records behind them, but for vectors longer than 512 bits. (FNV-1a, by words.)
inline std::uint64_t fingerprint(const ucontext_t &context) noexcept {
  std::uint64_t sum = 0xcbf29ce484222325;
  const auto add = [&sum](const void *data, std::size_t size) noexcept {
    for (std::size_t i = 0; i + sizeof sum <= size; i += sizeof sum) {
      std::uint64_t word = 0;
      std::memcpy(&word, static_cast<const char *>(data) + i, sizeof word);
      sum = (sum ^ word) * 0x100000001b3;
    }
  };
  const auto &registers = context.uc_mcontext;
  add(&registers, offsetof(mcontext_t, __reserved));
  const auto *const records = reinterpret_cast<const char *>(&registers.__reserved);
  for (std::size_t at = 0; at + sizeof(_aarch64_ctx) <= sizeof registers.__reserved;) {
    const auto *const head = reinterpret_cast<const _aarch64_ctx *>(records + at);
    if (head->magic == 0 || head->size < sizeof *head || head->size > sizeof registers.__reserved - at) break;
    add(head, head->size);
    at += head->size;
  }
  return sum;
}

inline std::uintptr_t pc_of(const ucontext_t &context) noexcept {
  return static_cast<std::uintptr_t>(context.uc_mcontext.pc);
}

inline void set_pc(ucontext_t &context, std::uintptr_t pc) noexcept { context.uc_mcontext.pc = pc; }

inline std::uintptr_t sp_of(const ucontext_t &context) noexcept {
  return static_cast<std::uintptr_t>(context.uc_mcontext.sp);
}

/// Puts the halves of vector registers that belong to a function's caller where the return from the handler takes them.
/// Linux restores these bits from fpsimd_context even where there are longer vectors
/// (Documentation/arch/arm64/sve.rst, "Signal return"); qemu-user, seen in 7.2, from sve_context. So both have them.
inline void set_kept_vectors(const registers &in, ucontext_t &context) noexcept {
  const auto value = [&in](int i) noexcept { return &in.value[number::d8 + i]; };
  if (fpsimd_context *const floats = floats_of(context)) {
    for (int i = 0; i < vector_count; ++i) {
      std::memcpy(&floats->vregs[first_kept_vector + i], value(i), sizeof *value(i));
    }
  }
  auto *const saved = reinterpret_cast<sve_context *>(find_record(context, SVE_MAGIC, sizeof(sve_context)));
  if (saved == nullptr || saved->vl < SVE_VQ_BYTES) return;
  const unsigned quadwords = saved->vl / unsigned{SVE_VQ_BYTES};
  if (saved->head.size < SVE_SIG_CONTEXT_SIZE(quadwords)) return;  // it says how long the vectors are, and no more
  for (int i = 0; i < vector_count; ++i) {
    const auto z = static_cast<unsigned>(first_kept_vector + i);
    std::memcpy(reinterpret_cast<char *>(saved) + SVE_SIG_ZREG_OFFSET(quadwords, z), value(i), sizeof *value(i));
  }
}

/// Makes the return of the signal handler continue with these registers and with the ABI's defaults for everything
/// that C++ may have changed: rounding, flush-to-zero, traps, checks of memory tags that were put off. Nor is that
/// return a branch which has to arrive at a BTI.
inline void to_ucontext(const registers &in, ucontext_t &context) noexcept {
  for (int i = 0; i < general_count; ++i) context.uc_mcontext.regs[i] = in.value[i];
  context.uc_mcontext.sp = in.value[sp_register];
  context.uc_mcontext.pc = in.value[pc_register];
  // PSTATE as SPSR_EL1 has it (Arm ARM, C5.2.18).
  constexpr std::uint64_t branch_type = 3U << 10, single_step = 1U << 21, tag_check_override = 1U << 25;
  context.uc_mcontext.pstate &= ~(branch_type | single_step | tag_check_override);
  if (fpsimd_context *const floats = floats_of(context)) floats->fpcr = floats->fpsr = 0;
  set_kept_vectors(in, context);
}

/// The syndrome of the last fault (Arm ARM, ESR_EL1), or 0: a kernel leaves it out where there is none, an emulator
/// (qemu-user, seen in 7.2) always.
inline std::uint64_t syndrome_of(const ucontext_t &context) noexcept {
  const auto *const found = reinterpret_cast<const esr_context *>(find_record(context, ESR_MAGIC, sizeof(esr_context)));
  return found != nullptr ? found->esr : 0;
}

/// The exception classes of faults in user space.
enum class exception_class : unsigned {
  unknown = 0,
  instruction_abort = 0x20,
  misaligned_pc = 0x22,
  data_abort = 0x24
};
inline exception_class exception_class_of(const ucontext_t &context) noexcept {
  return static_cast<exception_class>(syndrome_of(context) >> 26 & 0x3f);
}

/// Whether the processor could not read the instruction that it stands at. What caused the last fault stays in the
/// contexts of later signals, but then the instruction is another one.
inline bool page_fault_was_fetch(const ucontext_t &context) noexcept {
  constexpr std::uintptr_t instruction_size = 4;
  if (pc_of(context) % instruction_size != 0) return true;
  const exception_class what = exception_class_of(context);
  return (what == exception_class::instruction_abort || what == exception_class::unknown) &&
         context.uc_mcontext.fault_address == context.uc_mcontext.pc;
}

/// Whether the fault was of a load or store, or of the instruction itself. Of an older fault the syndrome may tell, or
/// of none: so the instruction has to be one.
inline bool is_page_fault(const ucontext_t &context) noexcept {
  if (page_fault_was_fetch(context)) return true;
  const exception_class what = exception_class_of(context);
  if (what != exception_class::data_abort && what != exception_class::unknown) return false;
  registers at_fault;
  from_ucontext(context, at_fault);
  return read_wanted(at_fault).accesses;
}

/// Meaningful for a page fault.
inline bool page_fault_was_write(const ucontext_t &context) noexcept {
  constexpr std::uint64_t write_not_read = 1U << 6;
  if (exception_class_of(context) == exception_class::data_abort) return (syndrome_of(context) & write_not_read) != 0;
  registers at_fault;
  from_ucontext(context, at_fault);
  return read_wanted(at_fault).writes;
}

/// The pointer that a load or store has used. The kernel reports the address without the highest byte, which is the
/// program's own (arch_untagged_si_addr, arch/arm64/include/asm/signal.h); but in a wild pointer it is a clue. An
/// emulator (qemu-user, seen in 7.2) says 0 where its own machine can't have the address.
inline std::uintptr_t whole_pointer(const ucontext_t &context, std::uintptr_t address) noexcept {
  registers at_fault;
  from_ucontext(context, at_fault);
  const wanted access = read_wanted(at_fault);
  const bool not_told = address == 0 && exception_class_of(context) == exception_class::unknown;
  return access.has_address && (not_told || (access.address ^ address) << 8 == 0) ? access.address : address;
}

/// A call through a bad pointer.
inline bool is_bad_call(const ucontext_t &context) noexcept { return page_fault_was_fetch(context); }

/// Whether an illegal instruction is the first one behind a branch. In memory whose branches are checked (PROT_BTI) it
/// may be one that no branch may come to; the kernel calls that an illegal one too, and says no more (do_el0_bti,
/// arch/arm64/kernel/traps.c).
inline bool is_checked_landing(const ucontext_t &context) noexcept {
  constexpr std::uint64_t branch_type = 3U << 10;
  return (context.uc_mcontext.pstate & branch_type) != 0;
}

/// A breakpoint instruction reports its own address.
constexpr bool pc_is_after_trap(const ucontext_t &) noexcept { return false; }
constexpr bool is_behind_breakpoint(const ucontext_t &) noexcept { return false; }

/// Whether the interrupted thread stands right behind a system call that succeeded, and which. The kernel keeps its
/// number in x8, and all arguments but the first, which gives way to the result.
inline bool is_behind_system_call(const ucontext_t &context, long number) noexcept {
  const auto *const x = context.uc_mcontext.regs;
  return x[0] == 0 && x[8] == static_cast<std::uint64_t>(number) &&
         a64::svc_0.matches(instruction_before(pc_of(context)));
}

/// Whether the interrupted thread sent itself this signal: that system call's arguments name the signal and the thread.
/// si_code can't tell: SI_TKILL is the same from any thread of the process. (tkill has lost the thread's number.)
inline bool sent_by_own_system_call(const ucontext_t &context, int signal_number, int thread_id) noexcept {
  const auto *const x = context.uc_mcontext.regs;
  return is_behind_system_call(context, SYS_tgkill) && x[1] == static_cast<std::uint64_t>(thread_id) &&
         x[2] == static_cast<std::uint64_t>(signal_number);
}

/// Whether that system call has put a mask back (rt_sigprocmask), and thereby let a signal in that was waiting.
inline bool let_in_by_mask(const ucontext_t &context) noexcept {
  return is_behind_system_call(context, SYS_rt_sigprocmask) && context.uc_mcontext.regs[3] == 8;  // kernel's sigset_t
}

/// Whether a handler of the kernel's returns here: `mov x8,#139; svc #0` (rt_sigreturn).
inline bool is_signal_return(std::uintptr_t pc) noexcept {
  std::uintptr_t code = 0;
  return cgo_guard_v1_load(pc, &code) != 0 && code == 0xd4000001d2801168;
}
/// That code is the kernel's own, in its vDSO. Tables that it had before Linux 5.8 know of no other registers than x29
/// and x30 ("arm64: vdso: Disable dwarf unwinding through the sigreturn trampoline").
constexpr bool signal_return_is_libcs = false;

/// Where the kernel has put the ucontext, by the registers there: behind the siginfo (struct rt_sigframe,
/// arch/arm64/kernel/signal.c).
inline std::uintptr_t context_at_signal_return(const registers &r) noexcept { return r.sp() + sizeof(siginfo_t); }

/// The halves of v8 to v15 in a context that may not be readable. @return false where it can't be read.
inline bool load_kept_vectors(std::uintptr_t context, registers &out) noexcept {
  constexpr std::uintptr_t most_records = 16, word = sizeof(std::uintptr_t);
  std::uintptr_t at = context + offsetof(ucontext_t, uc_mcontext) + offsetof(mcontext_t, __reserved), head = 0;
  for (std::uintptr_t i = 0; i < most_records; ++i, at += head >> 32) {  // the size is behind the magic number
    if (cgo_guard_v1_load(at, &head) == 0) return false;
    if ((head & 0xffffffff) != FPSIMD_MAGIC) continue;
    const std::uintptr_t first = at + offsetof(fpsimd_context, vregs) + first_kept_vector * 2 * word;
    for (std::uintptr_t v = 0; v < vector_count; ++v) {
      if (cgo_guard_v1_load(first + v * 2 * word, &out.value[number::d8 + static_cast<int>(v)]) == 0) return false;
    }
    return true;
  }
  return true;  // there always is one
}

/// From there to what was interrupted, where no tables say how. @return false where that can't be read.
inline bool leave_signal_frame(registers &r) noexcept {
  const std::uintptr_t context = context_at_signal_return(r);
  const std::uintptr_t general = context + offsetof(ucontext_t, uc_mcontext) + offsetof(mcontext_t, regs);
  registers interrupted = r;
  for (std::uintptr_t i = 0; i <= static_cast<std::uintptr_t>(pc_register); ++i) {  // x0 to x30, sp, pc: in this order
    if (cgo_guard_v1_load(general + i * sizeof i, &interrupted.value[i]) == 0) return false;
  }
  if (!load_kept_vectors(context, interrupted)) return false;
  r = interrupted;
  return true;
}

/// There is none that a program can set.
constexpr void clear_alignment_check() noexcept {}

/// Whether a signal handler was called by the kernel, and not by another handler that was installed over it: then it
/// returns to where only the kernel sends it.
/// @param return_address the handler's own.
inline bool called_by_kernel(const void *, const void *return_address, const void *) noexcept {
  return is_signal_return(strip(reinterpret_cast<std::uintptr_t>(return_address)));
}

/// What the kernel pushes for a signal where it doesn't say (before Linux 4.18): MINSIGSTKSZ of asm/signal.h, right for
/// vectors of up to 512 bits.
constexpr std::size_t usual_signal_frame = 5120;

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_IS_AARCH64

#endif  // CGO_GUARD_ARCH_AARCH64_SIGNAL_HPP
