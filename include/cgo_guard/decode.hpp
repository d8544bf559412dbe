// SPDX-License-Identifier: BSL-1.0
/// @file decode.hpp
/// Says in words what the kernel said in numbers. Writes into a given buffer, so that it works with a broken heap.
#ifndef CGO_GUARD_DECODE_HPP
#define CGO_GUARD_DECODE_HPP

#include <csignal>
#include <cstdio>

#include "abi.h"
#include "record.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Addresses below this are offsets from a null pointer. Linux maps nothing there (vm.mmap_min_addr is 65536).
constexpr std::uintptr_t null_page = 65536;

inline const char *access_verb(int access) noexcept {
  switch (access) {
    case CGO_GUARD_ACCESS_READ: return "read";
    case CGO_GUARD_ACCESS_WRITE: return "write";
    case CGO_GUARD_ACCESS_EXECUTE: return "execution";
    default: return "access";
  }
}

inline void decode_segv(const fault_facts &f, std::uint64_t frames, char *out, std::size_t size) noexcept {
  const auto address = static_cast<unsigned long>(f.address);
  const char *const verb = access_verb(f.access);
  if (f.stack_overflow) {
    std::snprintf(out, size, "stack overflow, %llu frames deep (%s at 0x%lx)", static_cast<unsigned long long>(frames),
                  verb, address);
  } else if (!f.address_known) {
    std::snprintf(out, size, "wild address (not canonical: the processor does not report which)");
  } else if (f.bad_call && f.address < null_page) {
    std::snprintf(out, size, "call through a null function pointer (execution at 0x%lx)", address);
  } else if (f.address < null_page) {
    std::snprintf(out, size, "null pointer %s at 0x%lx", verb, address);
  } else if (f.code == SEGV_ACCERR && f.access == CGO_GUARD_ACCESS_EXECUTE) {
    std::snprintf(out, size, "execution of data at 0x%lx (memory that is not executable)", address);
  } else if (f.code == SEGV_ACCERR && f.access == CGO_GUARD_ACCESS_WRITE) {
    std::snprintf(out, size, "write to read-only memory at 0x%lx", address);
  } else if (f.code == SEGV_ACCERR) {
    std::snprintf(out, size, "%s of protected memory at 0x%lx", verb, address);
  } else if (f.bad_call) {
    std::snprintf(out, size, "call through a wild function pointer (execution at 0x%lx, where nothing is mapped)",
                  address);
  } else {
    std::snprintf(out, size, "wild address: %s at 0x%lx, where nothing is mapped", verb, address);
  }
}

/// The message of a fault. @param frames how deep the stack was. A note (assert's text) takes precedence and is not
/// looked at here.
inline void decode_fault(const fault_facts &f, std::uint64_t frames, char *out, std::size_t size) noexcept {
  const auto address = static_cast<unsigned long>(f.address);
  if (f.code <= 0) {
    std::snprintf(out, size, f.signal == SIGABRT ? "abort() was called" : "raised by the program itself");
    return;
  }
  switch (f.signal) {
    case SIGSEGV: decode_segv(f, frames, out, size); return;
    case SIGBUS: {
      const char *const why = f.code == BUS_ADRALN   ? "misaligned address"
                              : f.code == BUS_ADRERR ? "beyond the end of a mapped file"
                              : f.code == SI_KERNEL  ? "wild address (not canonical)"
                                                     : "hardware memory error";
      if (f.address_known) {
        std::snprintf(out, size, "%s: %s at 0x%lx", why, access_verb(f.access), address);
      } else {
        std::snprintf(out, size, "%s", why);
      }
      return;
    }
    case SIGFPE: {
      const char *why = "floating-point exception";
      switch (f.code) {
        // The processor has one exception for both, and so has the kernel.
        case FPE_INTDIV: why = "integer division by zero, or of the smallest integer by -1"; break;
        case FPE_INTOVF: why = "integer overflow"; break;
        case FPE_FLTDIV: why = "floating-point division by zero"; break;
        case FPE_FLTOVF: why = "floating-point overflow"; break;
        case FPE_FLTUND: why = "floating-point underflow"; break;
        case FPE_FLTRES: why = "inexact floating-point result"; break;
        case FPE_FLTINV: why = "invalid floating-point operation"; break;
        default: break;
      }
      std::snprintf(out, size, "%s", why);
      return;
    }
    case SIGILL:
      if (arch::is_trap_instruction(f.instruction)) {
        std::snprintf(out, size, "trap instruction (__builtin_trap, or code the compiler believed unreachable)");
      } else {
        std::snprintf(out, size, "illegal instruction at 0x%lx", address);
      }
      return;
    case SIGTRAP: std::snprintf(out, size, "breakpoint instruction without a debugger"); return;
    case SIGSYS: std::snprintf(out, size, "system call %d is not allowed here (seccomp)", f.system_call); return;
    default: std::snprintf(out, size, "signal %d, code %d", f.signal, f.code); return;
  }
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_DECODE_HPP
