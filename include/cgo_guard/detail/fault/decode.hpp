// SPDX-License-Identifier: BSL-1.0
/// @file decode.hpp
/// Says in words what the kernel said in numbers. Writes into a given buffer, so that it works with a broken heap.
#ifndef CGO_GUARD_DECODE_HPP
#define CGO_GUARD_DECODE_HPP

#include <csignal>
#include <cstdio>

#include "../../abi.h"
#include "../state/record.hpp"

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
  } else if (f.privileged != nullptr) {
    std::snprintf(out, size, "privileged instruction (%s)", f.privileged);
  } else if (!f.address_known) {
    std::snprintf(out, size, "general protection fault (the processor does not say why)");
  } else if (f.bad_return) {
    std::snprintf(out, size,
                  "return to a wild address (execution at 0x%lx%s): the return address on the stack was overwritten",
                  address, f.not_canonical ? ", not canonical" : "");
  } else if (f.not_canonical && (f.bad_call || f.bad_target)) {
    std::snprintf(out, size, "call through a wild function pointer (execution at 0x%lx, not canonical)", address);
  } else if (f.not_canonical) {
    std::snprintf(out, size, "wild address: %s at 0x%lx (not canonical: no such address can exist)", verb, address);
  } else if (f.alignment != 0) {
    std::snprintf(out, size, "misaligned %s at 0x%lx (the instruction needs a multiple of %u)", verb, address,
                  f.alignment);
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

/// What clang's -fsanitize-trap has checked, by the number in its trap instruction: the order of SanitizerHandler
/// (clang, lib/CodeGen). @return nullptr for a number that came later.
inline const char *sanitizer_check_name(int number) noexcept {
  static constexpr const char *names[] = {
      "signed integer overflow in an addition",
      "a point was reached that can't be reached",
      "control flow integrity: a call of the wrong type",
      "integer division by zero, or of the smallest integer by -1",
      "an object of the wrong dynamic type",
      "a floating-point value out of the range of its new type",
      "a function called through a pointer of the wrong type",
      "an implicit conversion that changes the value",
      "a builtin called with a value that it doesn't allow",
      "an Objective-C cast to the wrong type",
      "a bool or enum with a value that it can't have",
      "a function that returns a value ended without one",
      "signed integer overflow in a multiplication",
      "signed integer overflow in a negation",
      "null passed where it isn't allowed",
      "null returned where it isn't allowed",
      "null passed where it isn't allowed",
      "null returned where it isn't allowed",
      "an index out of bounds",
      "pointer arithmetic that overflows",
      "a shift by a negative or too large number",
      "signed integer overflow in a subtraction",
      "an access through a null or misaligned pointer, or to an object that is too small",
      "a pointer without the alignment that was assumed",
      "a variable-length array of no or negative length"};
  return number < static_cast<int>(sizeof names / sizeof names[0]) ? names[number] : nullptr;
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
                              : f.code == SI_KERNEL  ? "wild stack address (not canonical)"
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
      if (const int check = arch::failed_check(f.instruction); check >= 0) {
        const char *const name = sanitizer_check_name(check);
        std::snprintf(out, size, "%s (check %d of clang's -fsanitize-trap)",
                      name != nullptr ? name : "undefined behaviour", check);
      } else if (arch::is_trap_instruction(f.instruction) || arch::is_undefined_instruction(f.instruction)) {
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
