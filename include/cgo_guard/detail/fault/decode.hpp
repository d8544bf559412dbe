// SPDX-License-Identifier: BSL-1.0
/// @file decode.hpp
/// Says in words what the kernel said in numbers. Writes into a given buffer, so that it works with a broken heap.
#ifndef CGO_GUARD_DECODE_HPP
#define CGO_GUARD_DECODE_HPP

#include <csignal>
#include <cstdarg>
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

/// Where a sentence goes.
struct sentence {
  char *out;
  std::size_t size;

  [[gnu::format(printf, 2, 3)]] void say(const char *format, ...) const noexcept {
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(out, size, format, arguments);
    va_end(arguments);
  }
};

inline unsigned long printed_address(const fault_facts &f) noexcept { return static_cast<unsigned long>(f.address); }

/// Memory that is there, and may not be used like this.
inline void decode_protection(const fault_facts &f, const sentence &to) noexcept {
  if (f.access == CGO_GUARD_ACCESS_EXECUTE) {
    to.say("execution of data at 0x%lx (memory that is not executable)", printed_address(f));
  } else if (f.access == CGO_GUARD_ACCESS_WRITE) {
    to.say("write to read-only memory at 0x%lx", printed_address(f));
  } else {
    to.say("%s of protected memory at 0x%lx", access_verb(f.access), printed_address(f));
  }
}

/// A pointer to a function that led nowhere.
inline void decode_bad_call(const fault_facts &f, const sentence &to) noexcept {
  if (f.not_canonical) {
    to.say("call through a wild function pointer (execution at 0x%lx, not canonical)", printed_address(f));
  } else if (f.address < null_page) {
    to.say("call through a null function pointer (execution at 0x%lx)", printed_address(f));
  } else if (f.code == SEGV_ACCERR) {
    decode_protection(f, to);
  } else {
    to.say("call through a wild function pointer (execution at 0x%lx, where nothing is mapped)", printed_address(f));
  }
}

/// A pointer to data.
inline void decode_bad_access(const fault_facts &f, const sentence &to) noexcept {
  const char *const verb = access_verb(f.access);
  if (f.not_canonical) {
    to.say("wild address: %s at 0x%lx (not canonical: no such address can exist)", verb, printed_address(f));
  } else if (f.alignment != 0) {
    to.say("misaligned %s at 0x%lx (the instruction needs a multiple of %u)", verb, printed_address(f), f.alignment);
  } else if (f.address < null_page) {
    to.say("null pointer %s at 0x%lx", verb, printed_address(f));
  } else if (f.code == SEGV_ACCERR) {
    decode_protection(f, to);
  } else {
    to.say("wild address: %s at 0x%lx, where nothing is mapped", verb, printed_address(f));
  }
}

inline void decode_segv(const fault_facts &f, std::uint64_t frames, const sentence &to) noexcept {
  if (f.stack_overflow) {
    to.say("stack overflow, %llu frames deep (%s at 0x%lx)", static_cast<unsigned long long>(frames),
           access_verb(f.access), printed_address(f));
  } else if (f.privileged != nullptr) {
    to.say("privileged instruction (%s)", f.privileged);
  } else if (!f.address_known) {
    to.say("general protection fault (the processor does not say why)");
  } else if (f.bad_return) {
    to.say("return to a wild address (execution at 0x%lx%s): the return address on the stack was overwritten",
           printed_address(f), f.not_canonical ? ", not canonical" : "");
  } else if (f.bad_call || (f.bad_target && f.not_canonical)) {
    decode_bad_call(f, to);
  } else {
    decode_bad_access(f, to);
  }
}

inline void decode_bus_error(const fault_facts &f, const sentence &to) noexcept {
  const char *const why = f.code == BUS_ADRALN   ? "misaligned address"
                          : f.code == BUS_ADRERR ? "beyond the end of a mapped file"
                          : f.code == SI_KERNEL  ? "wild stack address (not canonical)"
                                                 : "hardware memory error";
  if (f.address_known) {
    to.say("%s: %s at 0x%lx", why, access_verb(f.access), printed_address(f));
  } else {
    to.say("%s", why);
  }
}

inline const char *arithmetic_exception(int code) noexcept {
  switch (code) {
    // The processor has one exception for both, and so has the kernel.
    case FPE_INTDIV: return "integer division by zero, or of the smallest integer by -1";
    case FPE_INTOVF: return "integer overflow";
    case FPE_FLTDIV: return "floating-point division by zero";
    case FPE_FLTOVF: return "floating-point overflow";
    case FPE_FLTUND: return "floating-point underflow";
    case FPE_FLTRES: return "inexact floating-point result";
    case FPE_FLTINV: return "invalid floating-point operation";
    default: return "floating-point exception";
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

/// Instructions that compilers write where nothing can go on. @return false for another one.
inline bool decode_trap(const fault_facts &f, const sentence &to) noexcept {
  if (const int check = arch::failed_check(f.instruction); check >= 0) {
    const char *const name = sanitizer_check_name(check);
    to.say("%s (check %d of clang's -fsanitize-trap)", name != nullptr ? name : "undefined behaviour", check);
  } else if (arch::is_trap_instruction(f.instruction) || arch::is_undefined_instruction(f.instruction)) {
    to.say("trap instruction (__builtin_trap, or code the compiler believed unreachable)");
  } else {
    return false;
  }
  return true;
}

inline void decode_illegal_instruction(const fault_facts &f, const sentence &to) noexcept {
  if (f.code == ILL_ILLOPN && arch::authenticates(f.instruction)) {
    to.say("pointer authentication failed: a return address or a pointer to code was overwritten");
  } else if (const char *const name = arch::privileged_instruction(f.instruction)) {
    to.say("privileged instruction (%s)", name);
  } else if (decode_trap(f, to)) {
    return;
  } else if (f.after_branch) {
    to.say("illegal instruction at 0x%lx, or a call or jump has come there and none may (branch target identification)",
           printed_address(f));
  } else {
    to.say("illegal instruction at 0x%lx", printed_address(f));
  }
}

/// The message of a fault. @param frames how deep the stack was. A note (assert's text) takes precedence and is not
/// looked at here.
inline void decode_fault(const fault_facts &f, std::uint64_t frames, char *out, std::size_t size) noexcept {
  const sentence to{out, size};
  if (f.code <= 0) return to.say("%s", f.signal == SIGABRT ? "abort() was called" : "raised by the program itself");
  switch (f.signal) {
    case SIGSEGV: return decode_segv(f, frames, to);
    case SIGBUS: return decode_bus_error(f, to);
    case SIGFPE: return to.say("%s", arithmetic_exception(f.code));
    case SIGILL: return decode_illegal_instruction(f, to);
    case SIGTRAP:
      if (arch::trap_signal == SIGTRAP && decode_trap(f, to)) return;
      return to.say("breakpoint instruction without a debugger");
    case SIGSYS: return to.say("system call %d is not allowed here (seccomp)", f.system_call);
    default: return to.say("signal %d, code %d", f.signal, f.code);
  }
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_DECODE_HPP
