// SPDX-License-Identifier: BSL-1.0
/// @file describe_fault.hpp
/// What the kernel and the instruction say of a signal, and whether the thread itself has caused it.
/// Async-signal-safe.
#ifndef CGO_GUARD_DESCRIBE_FAULT_HPP
#define CGO_GUARD_DESCRIBE_FAULT_HPP

#include <csignal>
#include <cstring>

#include <sys/syscall.h>
#include <unistd.h>

#include "../frames/walk.hpp"
#include "../runtime/signal_set.hpp"
#include "../state/process.hpp"
#include "../state/record.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Whether a thread that has put its mask back is in libc's raise or abort. Some versions of glibc block all signals
/// around the system call there (raise before 2.34), so that the thread's own signal arrives when they are let in
/// again; and so does one that another thread has sent meanwhile, wherever a mask is put back. So does musl, in a
/// function that calls nobody and seldom has tables: its caller is its return address.
inline bool is_raising(const ucontext_t &context) noexcept {
  if (!arch::let_in_by_mask(context)) return false;
  arch::registers r;
  arch::from_ucontext(context, r);
  arch::registers caller = r;
  frame_description function;
  if (!find_frame_description(r.pc(), function) && arch::pop_return_address(caller)) {
    return process.known.is_raising(caller.pc() - 1);
  }
  frame_cache cache;
  cursor position(r, false, cache);
  constexpr std::uint64_t deepest = 4;  // from the system call to raise or abort
  const auto is_elsewhere = [](const frame_facts &, const cursor &at) noexcept {
    return !process.known.is_raising(at.call_site());
  };
  return walk(position, is_elsewhere, deepest) == walk_end::stopped;
}

/// Whether the signal was caused by this thread's own code, now: raised by the kernel for the instruction, or sent by
/// the thread to itself. `kill -ABRT` from outside wants Go's goroutine dump, and gets it.
inline bool is_synchronous(int signal, const siginfo_t &info, const ucontext_t &context) noexcept {
  if (is_raised_by_instruction(signal, info)) return true;
  return info.si_code == SI_TKILL && info.si_pid == process.process_id &&
         (arch::sent_by_own_system_call(context, signal, static_cast<int>(syscall(SYS_gettid))) || is_raising(context));
}

/// A general protection fault and an alignment check, of which the kernel knows no address. The instruction has one.
inline void explain_protection_fault(const arch::registers &at_fault, bool of_alignment, fault_facts &out) noexcept {
  if (!arch::may_hold_instruction(out.pc)) {
    out.bad_call = out.address_known = true;
    out.not_canonical = !arch::is_canonical(out.pc);
    out.address = out.pc;
    out.access = CGO_GUARD_ACCESS_EXECUTE;
    return;
  }
  const arch::wanted wanted = arch::read_wanted(at_fault);
  if (wanted.privileged != nullptr) {
    out.privileged = wanted.privileged;
    return;
  }
  if (!wanted.has_address) return;
  const bool not_canonical = !arch::is_canonical(wanted.address);
  const unsigned alignment = wanted.alignment != 0 && wanted.address % wanted.alignment != 0 ? wanted.alignment : 0;
  if (!not_canonical && alignment == 0 && !of_alignment) return;
  out.address_known = true;
  out.address = wanted.address;
  out.not_canonical = not_canonical;
  out.alignment = alignment;
  out.bad_return = wanted.returns_there;
  out.bad_target = wanted.goes_there;
  out.access = wanted.returns_there || wanted.goes_there ? CGO_GUARD_ACCESS_EXECUTE
               : wanted.writes                           ? CGO_GUARD_ACCESS_WRITE
                                                         : CGO_GUARD_ACCESS_READ;
}

/// The processor has said no to an instruction, and not to an address.
inline void describe_protection_fault(bool of_alignment, const ucontext_t &context, fault_facts &out) noexcept {
  arch::registers at_fault;
  arch::from_ucontext(context, at_fault);
  explain_protection_fault(at_fault, of_alignment, out);
  if (out.bad_call) out.bad_return = arch::was_return(at_fault);
}

inline void describe_bad_address(const siginfo_t &info, const ucontext_t &context, fault_facts &out) noexcept {
  out.address = reinterpret_cast<std::uintptr_t>(info.si_addr);
  out.address_known = true;
  if (!arch::is_page_fault(context)) return;
  out.access = arch::page_fault_was_fetch(context)   ? CGO_GUARD_ACCESS_EXECUTE
               : arch::page_fault_was_write(context) ? CGO_GUARD_ACCESS_WRITE
                                                     : CGO_GUARD_ACCESS_READ;
  if (out.access != CGO_GUARD_ACCESS_EXECUTE) out.address = arch::whole_pointer(context, out.address);
  out.not_canonical = !arch::is_canonical(out.address);
  out.bad_call = out.access == CGO_GUARD_ACCESS_EXECUTE && out.address == out.pc;
  if (!out.bad_call) return;
  arch::registers at_fault;
  arch::from_ucontext(context, at_fault);
  out.bad_return = arch::was_return(at_fault);
}

inline void describe_fault(int signal, const siginfo_t &info, const ucontext_t &context, fault_facts &out) noexcept {
  std::memset(&out, 0, sizeof out);
  out.signal = signal;
  out.code = info.si_code;
  out.pc = arch::pc_of(context);
  out.instruction = arch::instruction_bytes(out.pc);
  if (info.si_code <= 0) return;
  switch (signal) {
    case SIGSEGV:
    case SIGBUS: {
      const bool of_alignment = signal == SIGBUS && info.si_code == BUS_ADRALN;
      if (info.si_code == SI_KERNEL || of_alignment) {
        describe_protection_fault(of_alignment, context, out);
      } else {
        describe_bad_address(info, context, out);
      }
      break;
    }
    case SIGILL: out.after_branch = arch::is_checked_landing(context); [[fallthrough]];
    case SIGFPE:
    case SIGTRAP:
      out.address = reinterpret_cast<std::uintptr_t>(info.si_addr);
      out.address_known = info.si_addr != nullptr;
      break;
    case SIGSYS: out.system_call = info.si_syscall; break;
    default: break;
  }
}

/// Where a walk from the fault begins.
inline walk_start start_of_walk(const ucontext_t &context, const fault_facts &fault) noexcept {
  arch::registers at_fault;
  arch::from_ucontext(context, at_fault);
  return start_of_walk(at_fault, !arch::pc_is_after_trap(context), fault.bad_call);
}

/// A fault inside the frame of its own function, or right below it, is the stack running out: that memory can't be bad
/// in any other way. (But a misaligned access to a stack that is all there is a general protection fault.) The CFA is
/// right even where the frame is larger than the guard page and the stack pointer far below the stack.
inline bool is_stack_overflow(const fault_facts &fault, std::uintptr_t sp, std::uintptr_t cfa) noexcept {
  return fault.signal == SIGSEGV && fault.code != SI_KERNEL && fault.address_known &&
         fault.access != CGO_GUARD_ACCESS_EXECUTE && fault.address >= sp - arch::written_below_sp &&
         (fault.address < cfa || arch::reaches_from_sp(fault.pc, fault.address - sp));
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_DESCRIBE_FAULT_HPP
