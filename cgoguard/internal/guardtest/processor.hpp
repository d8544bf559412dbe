// SPDX-License-Identifier: BSL-1.0
// The instructions that the cases need and no compiler can be asked for.
#ifndef GUARDTEST_PROCESSOR_HPP
#define GUARDTEST_PROCESSOR_HPP

#include <csignal>

#include "opaque.hpp"

namespace guardtest {

#if defined(__x86_64__)

inline void breakpoint() { asm volatile("int3"); }
inline void illegal_instruction() { asm volatile("ud2"); }
inline void relax() { asm volatile("pause"); }
/// SIGFPE: by a division, or raised where 1/0 is 0.
inline void arithmetic_exception(int dividend) { opaque(dividend / opaque(0)); }

inline void write_with_direction_flag(volatile uint64_t *to) {
  asm volatile("std\n\tmovq $1, (%0)" : : "r"(to) : "memory");
}
inline void write_with_alignment_check(volatile uint64_t *to) {
  // Below the red zone first: the compiler may keep variables in it.
  asm volatile(
      "lea -128(%%rsp), %%rsp\n\t"
      "pushfq\n\t"
      "orq $0x40000, (%%rsp)\n\t"
      "popfq\n\t"
      "lea 128(%%rsp), %%rsp\n\t"
      "movq $1, (%0)"
      :
      : "r"(to)
      : "memory", "cc");
}
#define GUARDTEST_WRITE_WITHOUT_FRAME_POINTER asm volatile("movq $0x1000,%%rbp\n\tmovq $1,0x50" ::: "memory")

#elif defined(__aarch64__)

inline void breakpoint() { asm volatile("brk #42"); }
inline void illegal_instruction() { asm volatile(".inst 1"); }  // udf #1
inline void relax() { asm volatile("yield"); }
inline void arithmetic_exception(int) { std::raise(SIGFPE); }

// There are no such flags here, and the tests that set them are skipped.
inline void write_with_direction_flag(volatile uint64_t *to) { *to = 1; }
inline void write_with_alignment_check(volatile uint64_t *to) { *to = 1; }
#define GUARDTEST_WRITE_WITHOUT_FRAME_POINTER \
  asm volatile("mov x29,#0x1000\n\tmov x9,#0x50\n\tstr x9,[x9]" ::: "memory", "x9")

#else

// The portable guard guards exceptions alone: none of this runs.
inline void breakpoint() { std::raise(SIGTRAP); }
inline void illegal_instruction() { std::raise(SIGILL); }
inline void relax() { opaque(0); }
inline void arithmetic_exception(int) { std::raise(SIGFPE); }
inline void write_with_direction_flag(volatile uint64_t *to) { *to = 1; }
inline void write_with_alignment_check(volatile uint64_t *to) { *to = 1; }
#define GUARDTEST_WRITE_WITHOUT_FRAME_POINTER *static_cast<volatile uint64_t *>(null_plus(0x50)) = 1

#endif

}  // namespace guardtest
#endif  // GUARDTEST_PROCESSOR_HPP
