// SPDX-License-Identifier: BSL-1.0
/// @file processor.hpp
/// What the tests need of the processor and no compiler can be asked for: instructions, generated code, the state that
/// a failure must not leave behind. What a processor doesn't have is said by a constant, and the cases that need it are
/// not there.
#ifndef CGO_GUARD_TESTS_UNIT_PROCESSOR_HPP
#define CGO_GUARD_TESTS_UNIT_PROCESSOR_HPP

#include <csetjmp>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include <sys/ucontext.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace processor {

#if defined(__x86_64__)

/// Whether an integer division by zero is a SIGFPE; elsewhere it is 0.
constexpr bool faults_on_division = true;
/// Whether a call overwrites the return address of the call before it. Elsewhere functions keep theirs where they like.
constexpr bool calls_push_the_return_address = true;
/// Whether the compiler says of every instruction of a prologue where the frame is.
constexpr bool prologues_have_tables = true;
/// A jump without a call. With libc's, what a dead guard needs to look alive stays whole in clang's -O0 frames: one of
/// the limits in docs/design.md, "Dead guards".
using jump_target = void *[5];
#define PROCESSOR_SET_JUMP(target) __builtin_setjmp(target)
#define PROCESSOR_JUMP(target) __builtin_longjmp(target, 1)
/// Whether the kernel passes the context also to a handler without SA_SIGINFO.
constexpr bool every_handler_gets_a_context = true;
/// What __builtin_trap is.
constexpr int trap_signal = SIGILL;
constexpr const char *trap_signal_name = "SIGILL";

inline void breakpoint() { asm volatile("int3"); }
inline void illegal_instruction() { asm volatile("ud2"); }

[[gnu::always_inline]] inline long system_call(long number, long a, long b, long c) {
  long result = number;
  asm volatile("syscall" : "+a"(result) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}

/// The modes of the floating-point units.
struct floating_point {
  unsigned sse = _mm_getcsr();
  unsigned short x87 = 0, x87_tags = 0;

  floating_point() {
    struct {
      unsigned short control, r1, status, r2, tags, r3;
      unsigned int rest[4];
    } environment;
    asm volatile("fnstcw %0" : "=m"(x87));
    asm volatile("fnstenv %0\n\tfldenv %0" : "+m"(environment));
    x87_tags = environment.tags;
  }
  bool operator==(const floating_point &other) const { return sse == other.sse && x87 == other.x87; }
  bool is_default() const { return sse == 0x1f80 && x87 == 0x37f && x87_tags == 0xffff; }

  static void flush_denormals() { _mm_setcsr(_mm_getcsr() | 0x8040); }
  static void reset() { _mm_setcsr(0x1f80); }
  /// What only this processor can leave behind: values on the x87 stack.
  static void leave_values() { asm volatile("fld1\n\tfld1\n\tfld1"); }
};

/// A register of the context that a function's result is in.
inline void set_result(ucontext_t &context, std::uintptr_t value) {
  context.uc_mcontext.gregs[REG_RAX] = static_cast<greg_t>(value);
}

/// Generated code.
namespace code {
using bytes = std::vector<unsigned char>;

inline bytes read_argument() { return {0x8b, 0x07, 0xc3}; }                        // mov (%rdi),%eax; ret
inline bytes make_42() { return {0xb8, 42, 0, 0, 0, 0xc3}; }                       // mov $42,%eax; ret
inline bytes trap_and_42() { return {0xcc, 0xb8, 42, 0, 0, 0, 0xc3}; }             // int3; mov $42,%eax; ret
inline bytes undefined_and_42() { return {0x0f, 0x0b, 0xb8, 42, 0, 0, 0, 0xc3}; }  // ud2; mov $42,%eax; ret
inline bytes instead_of_undefined() { return {0x90, 0x90}; }                       // nop; nop
/// Whether a handler that returns goes on behind the breakpoint.
constexpr bool goes_on_behind_trap = true;

/// Functions that read from null, and where in them they do.
struct failing {
  bytes code;
  std::uintptr_t faults_at;
};
/// xor %eax,%eax; mov (%rax),%eax; ret
inline failing leaf() { return {{0x31, 0xc0, 0x8b, 0x00, 0xc3}, 2}; }
/// push %rbp; mov %rsp,%rbp; push %rbx; sub $0x28,%rsp; then as above
inline failing framed() {
  return {{0x55, 0x48, 0x89, 0xe5, 0x53, 0x48, 0x83, 0xec, 0x28, 0x31, 0xc0, 0x8b, 0x00, 0xc9, 0xc3}, 11};
}
/// push %rbx; sub $0x20,%rsp; then as above: nothing tells who has called it
inline failing secretive() { return {{0x53, 0x48, 0x83, 0xec, 0x20, 0x31, 0xc0, 0x8b, 0x00, 0xc3}, 7}; }

}  // namespace code

/// The outermost frame of a coroutine, as libraries write it: a function that calls `callee` and has no caller.
#define PROCESSOR_OUTERMOST_FUNCTION(name, callee)      \
  ".pushsection .text\n.type " name ",@function\n" name \
  ":\n .cfi_startproc\n"                                \
  " .cfi_undefined rip\n subq $8,%rsp\n call " callee "\n ud2\n .cfi_endproc\n.popsection\n"

/// A function that does nothing but jump to another.
#define PROCESSOR_JUMPING_FUNCTION(name, target)                                         \
  ".pushsection .text\n.globl " name "\n.type " name ",@function\n" name ": jmp " target \
  "\n"                                                                                   \
  ".size " name ",.-" name "\n.popsection\n"

#elif defined(__aarch64__)

constexpr bool faults_on_division = false;
constexpr bool calls_push_the_return_address = false;
#if defined(__clang__) && __clang_major__ < 15
constexpr bool prologues_have_tables = false;
#else
constexpr bool prologues_have_tables = true;
#endif
// clang has none of its own for this processor.
using jump_target = jmp_buf;
#define PROCESSOR_SET_JUMP(target) _setjmp(target)
#define PROCESSOR_JUMP(target) _longjmp(target, 1)
constexpr bool every_handler_gets_a_context = false;
constexpr int trap_signal = SIGTRAP;
constexpr const char *trap_signal_name = "SIGTRAP";

inline void breakpoint() { asm volatile("brk #42"); }
inline void illegal_instruction() { asm volatile(".inst 1"); }  // udf #1

[[gnu::always_inline]] inline long system_call(long number, long a, long b, long c) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  asm volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
}

struct floating_point {
  unsigned long control = 0;

  floating_point() { asm volatile("mrs %0,fpcr" : "=r"(control)); }
  bool operator==(const floating_point &other) const { return control == other.control; }
  bool is_default() const { return control == 0; }

  static void flush_denormals() {
    constexpr unsigned long flush_to_zero = 1UL << 24;
    asm volatile("msr fpcr,%0" : : "r"(floating_point().control | flush_to_zero));
  }
  static void reset() { asm volatile("msr fpcr,xzr"); }
  static void leave_values() {}
};

inline void set_result(ucontext_t &context, std::uintptr_t value) { context.uc_mcontext.regs[0] = value; }

namespace code {
using bytes = std::vector<unsigned char>;

inline bytes instructions(std::initializer_list<std::uint32_t> words) {
  bytes result;
  for (const std::uint32_t word : words) {
    for (unsigned i = 0; i < 4; ++i) result.push_back(static_cast<unsigned char>(word >> 8 * i));
  }
  return result;
}

inline bytes read_argument() { return instructions({0xb9400000, 0xd65f03c0}); }                 // ldr w0,[x0]; ret
inline bytes make_42() { return instructions({0x52800540, 0xd65f03c0}); }                       // mov w0,#42; ret
inline bytes trap_and_42() { return instructions({0xd4200540, 0x52800540, 0xd65f03c0}); }       // brk #42; …
inline bytes undefined_and_42() { return instructions({0x00000001, 0x52800540, 0xd65f03c0}); }  // udf #1; …
inline bytes instead_of_undefined() { return instructions({0xd503201f}); }                      // nop
constexpr bool goes_on_behind_trap = false;

struct failing {
  bytes code;
  std::uintptr_t faults_at;
};
/// mov x0,xzr; ldr w0,[x0]; ret
inline failing leaf() { return {instructions({0xaa1f03e0, 0xb9400000, 0xd65f03c0}), 4}; }
/// stp x29,x30,[sp,#-48]!; mov x29,sp; str x19,[sp,#16]; mov x30,xzr; then as above
inline failing framed() {
  return {
      instructions({0xa9bd7bfd, 0x910003fd, 0xf9000bf3, 0xaa1f03fe, 0xaa1f03e0, 0xb9400000, 0xa8c37bfd, 0xd65f03c0}),
      20};
}
/// str x30,[sp,#-32]!; mov x30,xzr; then as above: nothing tells who has called it
inline failing secretive() {
  return {instructions({0xf81e0ffe, 0xaa1f03fe, 0xaa1f03e0, 0xb9400000, 0xf84207fe, 0xd65f03c0}), 12};
}

}  // namespace code

// Global, because GNU ld gives all local functions of a section one entry in the table of addresses.
#define PROCESSOR_OUTERMOST_FUNCTION(name, callee)                       \
  ".pushsection .text\n.globl " name "\n.type " name ",@function\n" name \
  ":\n .cfi_startproc\n"                                                 \
  " hint #34\n .cfi_undefined x30\n bl " callee "\n brk #1\n .cfi_endproc\n.popsection\n"

#define PROCESSOR_JUMPING_FUNCTION(name, target)                                       \
  ".pushsection .text\n.globl " name "\n.type " name ",@function\n" name ": b " target \
  "\n"                                                                                 \
  ".size " name ",.-" name "\n.popsection\n"

#endif

}  // namespace processor

#endif  // CGO_GUARD_TESTS_UNIT_PROCESSOR_HPP
