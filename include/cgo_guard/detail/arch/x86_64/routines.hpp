// SPDX-License-Identifier: BSL-1.0
/// @file routines.hpp
/// The other routines that no compiler can be asked for: reads that may fail, registers as they are, calls on another
/// stack. As in trampoline.hpp, each translation unit carries a copy of which the linker keeps one.
#ifndef CGO_GUARD_ARCH_X86_64_ROUTINES_HPP
#define CGO_GUARD_ARCH_X86_64_ROUTINES_HPP

#include "../which.hpp"

#if defined(CGO_GUARD_ARCH_IS_X86_64)
#include <cstdint>

#include "../assembly.hpp"
#include "registers.hpp"

//   cgo_guard_v1_load(address, out): *out = *address; returns 1, or 0 where that faults: the signal handler knows the
//   one instruction that may (between load_begin and load_end) and continues at load_failed. No state needs to be kept.
//
//   cgo_guard_v1_touch(address): writes to *address without changing it; returns 1, or 0 where that faults. Likewise,
//   between touch_begin and touch_end.
//
//   cgo_guard_v1_capture(registers): the caller's registers as they will be when capture returns.
//   cgo_guard_v1_call: see there.
//   cgo_guard_v1_resume(registers): loads them all and continues at their pc. Does not return.
//   cgo_guard_v1_call_on(function, argument, top): function(argument) on the stack that ends at top, 16-byte aligned.
__asm__(
    ".ifndef cgo_guard_v1_load\n"
    ".pushsection .text.cgo_guard_v1_routines,\"axG\",@progbits,cgo_guard_v1_load,comdat\n"

    ".weak cgo_guard_v1_load\n"
    ".hidden cgo_guard_v1_load\n"
    ".type cgo_guard_v1_load,@function\n"
    ".balign 16\n"
    "cgo_guard_v1_load:\n"
    "  .cfi_startproc\n"
    ".weak cgo_guard_v1_load_begin\n"
    ".hidden cgo_guard_v1_load_begin\n"
    "cgo_guard_v1_load_begin:\n"
    "  movq (%rdi),%rax\n"
    ".weak cgo_guard_v1_load_end\n"
    ".hidden cgo_guard_v1_load_end\n"
    "cgo_guard_v1_load_end:\n"
    "  movq %rax,(%rsi)\n"
    "  movl $1,%eax\n"
    "  ret\n"
    ".weak cgo_guard_v1_load_failed\n"
    ".hidden cgo_guard_v1_load_failed\n"
    "cgo_guard_v1_load_failed:\n"
    "  xorl %eax,%eax\n"
    "  ret\n"
    "  .cfi_endproc\n"
    ".size cgo_guard_v1_load,.-cgo_guard_v1_load\n"

    ".weak cgo_guard_v1_touch\n"
    ".hidden cgo_guard_v1_touch\n"
    ".type cgo_guard_v1_touch,@function\n"
    "cgo_guard_v1_touch:\n"
    "  .cfi_startproc\n"
    ".weak cgo_guard_v1_touch_begin\n"
    ".hidden cgo_guard_v1_touch_begin\n"
    "cgo_guard_v1_touch_begin:\n"
    "  lock orq $0,(%rdi)\n"
    ".weak cgo_guard_v1_touch_end\n"
    ".hidden cgo_guard_v1_touch_end\n"
    "cgo_guard_v1_touch_end:\n"
    "  movl $1,%eax\n"
    "  ret\n"
    "  .cfi_endproc\n"
    ".size cgo_guard_v1_touch,.-cgo_guard_v1_touch\n"

    ".weak cgo_guard_v1_capture\n"
    ".hidden cgo_guard_v1_capture\n"
    ".type cgo_guard_v1_capture,@function\n"
    "cgo_guard_v1_capture:\n"
    "  .cfi_startproc\n"
    "  movq %rbx,24(%rdi)\n"
    "  movq %rbp,48(%rdi)\n"
    "  leaq 8(%rsp),%rax\n"
    "  movq %rax,56(%rdi)\n"
    "  movq %r12,96(%rdi)\n"
    "  movq %r13,104(%rdi)\n"
    "  movq %r14,112(%rdi)\n"
    "  movq %r15,120(%rdi)\n"
    "  movq (%rsp),%rax\n"
    "  movq %rax,128(%rdi)\n"
    "  ret\n"
    "  .cfi_endproc\n"
    ".size cgo_guard_v1_capture,.-cgo_guard_v1_capture\n"

    ".weak cgo_guard_v1_resume\n"
    ".hidden cgo_guard_v1_resume\n"
    ".type cgo_guard_v1_resume,@function\n"
    "cgo_guard_v1_resume:\n"
    "  movq 0(%rdi),%rax\n"
    "  movq 8(%rdi),%rdx\n"
    "  movq 24(%rdi),%rbx\n"
    "  movq 48(%rdi),%rbp\n"
    "  movq 96(%rdi),%r12\n"
    "  movq 104(%rdi),%r13\n"
    "  movq 112(%rdi),%r14\n"
    "  movq 120(%rdi),%r15\n"
    "  movq 128(%rdi),%rcx\n"
    "  movq 56(%rdi),%rsp\n"
    "  jmpq *%rcx\n"
    ".size cgo_guard_v1_resume,.-cgo_guard_v1_resume\n"

    ".weak cgo_guard_v1_call_on\n"
    ".hidden cgo_guard_v1_call_on\n"
    ".type cgo_guard_v1_call_on,@function\n"
    "cgo_guard_v1_call_on:\n"
    "  .cfi_startproc\n"
    "  pushq %rbp\n"
    "  .cfi_def_cfa_offset 16\n"
    "  .cfi_offset %rbp,-16\n"
    "  movq %rsp,%rbp\n"
    "  .cfi_def_cfa_register %rbp\n"
    "  movq %rdx,%rsp\n"
    "  movq %rdi,%rax\n"
    "  movq %rsi,%rdi\n"
    "  callq *%rax\n"
    "  leave\n"
    "  .cfi_def_cfa %rsp,8\n"
    "  ret\n"
    "  .cfi_endproc\n"
    ".size cgo_guard_v1_call_on,.-cgo_guard_v1_call_on\n"

    // The thread stands in a frame that calls nothing; here it calls rax(rdi), and rdx is where it stood. So the stack
    // can be walked from the function that is called, although nobody called it.
    ".weak cgo_guard_v1_call\n"
    ".hidden cgo_guard_v1_call\n"
    ".type cgo_guard_v1_call,@function\n"
    "cgo_guard_v1_call:\n"
    "  .cfi_startproc\n"
    "  .cfi_def_cfa %rsp,0\n"
    "  .cfi_register 16,1\n"
    "  pushq %rdx\n"
    "  .cfi_adjust_cfa_offset 8\n"
    "  .cfi_offset 16,-8\n"
    "  pushq %rbp\n"
    "  .cfi_adjust_cfa_offset 8\n"
    "  .cfi_offset %rbp,-16\n"
    "  movq %rsp,%rbp\n"
    "  .cfi_def_cfa_register %rbp\n"
    "  andq $-16,%rsp\n"
    "  callq *%rax\n"
    "  ud2\n"
    "  .cfi_endproc\n"
    ".size cgo_guard_v1_call,.-cgo_guard_v1_call\n"
    ".popsection\n"
    ".endif\n");

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

extern "C" __attribute__((visibility("hidden"))) const char cgo_guard_v1_call[];

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_IS_X86_64

#endif  // CGO_GUARD_ARCH_X86_64_ROUTINES_HPP
