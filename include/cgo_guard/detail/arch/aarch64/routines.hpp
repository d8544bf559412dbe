// SPDX-License-Identifier: BSL-1.0
/// @file routines.hpp
/// The other routines that no compiler can be asked for: reads that may fail, registers as they are, calls on another
/// stack. As in trampoline.hpp, each translation unit carries a copy of which the linker keeps one.
#ifndef CGO_GUARD_ARCH_AARCH64_ROUTINES_HPP
#define CGO_GUARD_ARCH_AARCH64_ROUTINES_HPP

#include "../which.hpp"

#if defined(CGO_GUARD_ARCH_IS_AARCH64)
#include <cstdint>

#include "../assembly.hpp"
#include "registers.hpp"

//   cgo_guard_v1_load(address, out): *out = *address; returns 1, or 0 where that faults: the signal handler knows the
//   one instruction that may (between load_begin and load_end) and continues at load_failed. No state needs to be kept.
//
//   cgo_guard_v1_touch(address): writes to *address without changing it; returns 1, or 0 where that faults. Likewise,
//   between touch_begin and touch_end. Exclusive access insists on alignment, so it is the word around the address that
//   is written: on the same page.
//
//   cgo_guard_v1_capture(registers): the caller's registers as they will be when capture returns.
//   cgo_guard_v1_resume(registers): loads them all and continues at their pc. Does not return.
//   cgo_guard_v1_call_on(function, argument, top): function(argument) on the stack that ends at top, 16-byte aligned.
//
// Registers that are loaded or saved have the places of struct registers (registers.hpp): eight times their number.
// `hint #34` is BTI c, which assemblers before Armv8.5 don't know by name.
__asm__(
    ".ifndef cgo_guard_v1_load\n"
    ".pushsection .text.cgo_guard_v1_routines,\"axG\",@progbits,cgo_guard_v1_load,comdat\n"

    ".weak cgo_guard_v1_load\n"
    ".hidden cgo_guard_v1_load\n"
    ".type cgo_guard_v1_load,@function\n"
    ".balign 16\n"
    "cgo_guard_v1_load:\n"
    "  .cfi_startproc\n"
    "  hint #34\n"
    ".weak cgo_guard_v1_load_begin\n"
    ".hidden cgo_guard_v1_load_begin\n"
    "cgo_guard_v1_load_begin:\n"
    "  ldr x2,[x0]\n"
    ".weak cgo_guard_v1_load_end\n"
    ".hidden cgo_guard_v1_load_end\n"
    "cgo_guard_v1_load_end:\n"
    "  str x2,[x1]\n"
    "  mov w0,#1\n"
    "  ret\n"
    ".weak cgo_guard_v1_load_failed\n"
    ".hidden cgo_guard_v1_load_failed\n"
    "cgo_guard_v1_load_failed:\n"
    "  mov w0,wzr\n"
    "  ret\n"
    "  .cfi_endproc\n"
    ".size cgo_guard_v1_load,.-cgo_guard_v1_load\n"

    ".weak cgo_guard_v1_touch\n"
    ".hidden cgo_guard_v1_touch\n"
    ".type cgo_guard_v1_touch,@function\n"
    "cgo_guard_v1_touch:\n"
    "  .cfi_startproc\n"
    "  hint #34\n"
    "  and x0,x0,#~7\n"
    ".weak cgo_guard_v1_touch_begin\n"
    ".hidden cgo_guard_v1_touch_begin\n"
    "cgo_guard_v1_touch_begin:\n"
    "  ldxr x1,[x0]\n"
    "  stxr w2,x1,[x0]\n"
    ".weak cgo_guard_v1_touch_end\n"
    ".hidden cgo_guard_v1_touch_end\n"
    "cgo_guard_v1_touch_end:\n"
    "  cbnz w2,cgo_guard_v1_touch_begin\n"
    "  mov w0,#1\n"
    "  ret\n"
    "  .cfi_endproc\n"
    ".size cgo_guard_v1_touch,.-cgo_guard_v1_touch\n"

    ".weak cgo_guard_v1_capture\n"
    ".hidden cgo_guard_v1_capture\n"
    ".type cgo_guard_v1_capture,@function\n"
    "cgo_guard_v1_capture:\n"
    "  .cfi_startproc\n"
    "  hint #34\n"
    "  stp x19,x20,[x0,#8*19]\n"
    "  stp x21,x22,[x0,#8*21]\n"
    "  stp x23,x24,[x0,#8*23]\n"
    "  stp x25,x26,[x0,#8*25]\n"
    "  stp x27,x28,[x0,#8*27]\n"
    "  stp x29,x30,[x0,#8*29]\n"
    "  mov x1,sp\n"
    "  stp x1,x30,[x0,#8*31]\n"
    "  stp d8,d9,[x0,#8*33]\n"
    "  stp d10,d11,[x0,#8*35]\n"
    "  stp d12,d13,[x0,#8*37]\n"
    "  stp d14,d15,[x0,#8*39]\n"
    "  ret\n"
    "  .cfi_endproc\n"
    ".size cgo_guard_v1_capture,.-cgo_guard_v1_capture\n"

    // A return at its end and no jump: where branches are checked (BTI) a landing pad of GCC's is a place that one may
    // arrive at, but one of clang's has no such mark, because a throw returns to it as well. Through x16, because x30
    // is somebody's.
    ".weak cgo_guard_v1_resume\n"
    ".hidden cgo_guard_v1_resume\n"
    ".type cgo_guard_v1_resume,@function\n"
    "cgo_guard_v1_resume:\n"
    "  hint #34\n"
    "  ldp d8,d9,[x0,#8*33]\n"
    "  ldp d10,d11,[x0,#8*35]\n"
    "  ldp d12,d13,[x0,#8*37]\n"
    "  ldp d14,d15,[x0,#8*39]\n"
    "  ldp x19,x20,[x0,#8*19]\n"
    "  ldp x21,x22,[x0,#8*21]\n"
    "  ldp x23,x24,[x0,#8*23]\n"
    "  ldp x25,x26,[x0,#8*25]\n"
    "  ldp x27,x28,[x0,#8*27]\n"
    "  ldp x29,x30,[x0,#8*29]\n"
    "  ldp x1,x16,[x0,#8*31]\n"
    "  mov sp,x1\n"
    "  ldp x0,x1,[x0]\n"
    "  ret x16\n"
    ".size cgo_guard_v1_resume,.-cgo_guard_v1_resume\n"

    ".weak cgo_guard_v1_call_on\n"
    ".hidden cgo_guard_v1_call_on\n"
    ".type cgo_guard_v1_call_on,@function\n"
    "cgo_guard_v1_call_on:\n"
    "  .cfi_startproc\n"
    "  hint #34\n"
    "  stp x29,x30,[sp,#-16]!\n"
    "  .cfi_def_cfa_offset 16\n"
    "  .cfi_offset x29,-16\n"
    "  .cfi_offset x30,-8\n"
    "  mov x29,sp\n"
    "  .cfi_def_cfa_register x29\n"
    "  mov sp,x2\n"
    "  mov x8,x0\n"
    "  mov x0,x1\n"
    "  blr x8\n"
    "  mov sp,x29\n"
    "  .cfi_def_cfa_register sp\n"
    "  ldp x29,x30,[sp],#16\n"
    "  .cfi_def_cfa_offset 0\n"
    "  .cfi_restore x29\n"
    "  .cfi_restore x30\n"
    "  ret\n"
    "  .cfi_endproc\n"
    ".size cgo_guard_v1_call_on,.-cgo_guard_v1_call_on\n"
    ".popsection\n"
    ".endif\n");

#endif  // CGO_GUARD_ARCH_IS_AARCH64

#endif  // CGO_GUARD_ARCH_AARCH64_ROUTINES_HPP
