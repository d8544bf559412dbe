// SPDX-License-Identifier: BSL-1.0
/// @file trampoline.hpp
/// The trampoline: the frame in which a guarded block runs, and where things are in it. Linux, AAPCS64, little-endian.
#ifndef CGO_GUARD_ARCH_AARCH64_TRAMPOLINE_HPP
#define CGO_GUARD_ARCH_AARCH64_TRAMPOLINE_HPP

#include "../which.hpp"

#if defined(CGO_GUARD_ARCH_IS_AARCH64)
#include <cstddef>
#include <cstdint>

#include "../assembly.hpp"
#include "registers.hpp"

// Top-level assembly, because no compiler can be asked for it: a frame whose every register save is where we say it is,
// with a personality routine of our own. Each translation unit that includes this carries a copy in a COMDAT group, of
// which the linker keeps one. `.ifndef` is for LTO, which pastes the assembly of many translation units into one.
//
//   cgo_guard_v1_run(thunk, body): what a guard in the user's file calls (contract.hpp). Where the process is ready it
//   falls into enter, otherwise it goes on in cgo_guard_v1_detour (entry.hpp). It does not call it: nothing of run is
//   on the stack under a block.
//
//   cgo_guard_v1_enter(thunk, body, taker): calls thunk(body); returns NULL, or what the taker made of the failure.
//
//   its frame        CFA-8   return address          every callee-saved register is stored, although the thunk keeps
//                    CFA-16  x29                     them: after a smashed return address nobody can say what the
//                    CFA-24  x20                     frames in between had saved, and we come back by stack pointer
//                    CFA-32  x19                     alone
//                    CFA-40  x22
//                    CFA-48  x21
//                    CFA-56  x23
//                    CFA-64  taker                   of this guard's own copy of the header, whichever copy's handler
//                                                    takes the fault
//                    CFA-72  state, 0 on entry (guard_state bits)
//                    CFA-80  canary                  cleared on the way out, so that a dead frame is never taken for
//                                                    a live one by the scan of a stack that can't be walked
//                    CFA-88  address of the canary   so that no other word with the canary's value is
//                    CFA-96  thunk                   what is called below, for a walk that wants to know
//                    CFA-104 x24
//                    CFA-120 x25, x26
//                    CFA-136 x27, x28
//                    CFA-200 d8 to d15               of these vector registers the lower half is the caller's
//                    CFA-208 8 bytes for alignment: a record begins at a multiple of 16
//                    CFA-2112  guard_record          not written unless the block fails
//                    CFA-2120  return address again  of a dead frame parts survive in the gaps of later ones, which
//                                                    hold as large a record. Both ends of one frame hardly do
//                    CFA-2128  8 bytes for alignment, and a KiB of nothing: what is written past the end of an array
//          sp ->     CFA-3152  of the block, or of a function that it has called, ends here
//
//   cgo_guard_v1_landed: a failure arrives here, with sp as the thunk found it and what failed in x0. It goes on in
//   cgo_guard_v1_failing, which has the same frame and is no guard: it has no personality.
//
// The call of the thunk leaves its return address in x30, and the thunk puts it wherever it likes.
//
// Where branches are checked (BTI) they arrive at a hint: #34 is BTI c, for calls, and #36 is BTI j, for the unwinder's
// jump. Assemblers before Armv8.5 don't know them by name. Nothing here says that an object file is fit for such
// checks: the compiler does, of the whole file, where it was told to make it so. Our own return address is not signed
// (PAC): the scan compares it, and it never leaves this frame.
//
// From sp, while the thunk runs, up to the end of the saved registers: room and alignment, return address, record.
#define CGO_GUARD_BELOW_TEXT CGO_GUARD_ROOM_TEXT "+8+8+" CGO_GUARD_RECORD_TEXT
// Where the frame has them, and that they are where they were. v8 to v15 are DWARF's 72 to 79; an assembler may know no
// other names for them here.
#define CGO_GUARD_CFI_SAVED_TEXT \
  "  .cfi_offset x19,-32\n"      \
  "  .cfi_offset x20,-24\n"      \
  "  .cfi_offset x21,-48\n"      \
  "  .cfi_offset x22,-40\n"      \
  "  .cfi_offset x23,-56\n"      \
  "  .cfi_offset x24,-104\n"     \
  "  .cfi_offset x25,-120\n"     \
  "  .cfi_offset x26,-112\n"     \
  "  .cfi_offset x27,-136\n"     \
  "  .cfi_offset x28,-128\n"     \
  "  .cfi_offset 72,-152\n"      \
  "  .cfi_offset 73,-144\n"      \
  "  .cfi_offset 74,-168\n"      \
  "  .cfi_offset 75,-160\n"      \
  "  .cfi_offset 76,-184\n"      \
  "  .cfi_offset 77,-176\n"      \
  "  .cfi_offset 78,-200\n"      \
  "  .cfi_offset 79,-192\n"
#define CGO_GUARD_CFI_KEPT_TEXT \
  "  .cfi_restore x19\n"        \
  "  .cfi_restore x20\n"        \
  "  .cfi_restore x21\n"        \
  "  .cfi_restore x22\n"        \
  "  .cfi_restore x23\n"        \
  "  .cfi_restore x24\n"        \
  "  .cfi_restore x25\n"        \
  "  .cfi_restore x26\n"        \
  "  .cfi_restore x27\n"        \
  "  .cfi_restore x28\n"        \
  "  .cfi_restore 72\n"         \
  "  .cfi_restore 73\n"         \
  "  .cfi_restore 74\n"         \
  "  .cfi_restore 75\n"         \
  "  .cfi_restore 76\n"         \
  "  .cfi_restore 77\n"         \
  "  .cfi_restore 78\n"         \
  "  .cfi_restore 79\n"
#define CGO_GUARD_CFI_RETURNING_TEXT \
  "  .cfi_def_cfa sp,0\n"            \
  "  .cfi_restore x29\n"             \
  "  .cfi_restore x30\n"
__asm__(
    ".ifndef cgo_guard_v1_enter\n"
    ".pushsection .data.DW.ref.cgo_guard_v1_personality,\"awG\",@progbits,DW.ref.cgo_guard_v1_personality,comdat\n"
    ".weak DW.ref.cgo_guard_v1_personality\n"
    ".hidden DW.ref.cgo_guard_v1_personality\n"
    ".balign 8\n"
    ".type DW.ref.cgo_guard_v1_personality,@object\n"
    ".size DW.ref.cgo_guard_v1_personality,8\n"
    "DW.ref.cgo_guard_v1_personality:\n"
    "  .xword cgo_guard_v1_personality\n"
    ".popsection\n"

    // The taker of the guards in users' files (failure_taker, below).
    ".pushsection .data.rel.ro.cgo_guard_v1,\"awG\",@progbits,cgo_guard_v1_enter,comdat\n"
    ".balign 8\n"
    ".weak cgo_guard_v1_failure\n"
    ".hidden cgo_guard_v1_failure\n"
    ".type cgo_guard_v1_failure,@object\n"
    ".size cgo_guard_v1_failure,8\n"
    "cgo_guard_v1_failure:\n"
    "  .xword cgo_guard_v1_fail\n"
    ".popsection\n"

    ".pushsection .text.cgo_guard_v1,\"axG\",@progbits,cgo_guard_v1_enter,comdat\n"
    ".weak cgo_guard_v1_run\n"
    ".type cgo_guard_v1_run,@function\n"
    // By this name it is our own also where other modules see another copy's run.
    ".weak cgo_guard_v1_own_run\n"
    ".hidden cgo_guard_v1_own_run\n"
    ".balign 64\n"
    "cgo_guard_v1_run:\n"
    "cgo_guard_v1_own_run:\n"
    "  .cfi_startproc\n"
    "  hint #34\n"
    "  adrp x9,:got:cgo_guard_v1_process\n"
    "  ldr x9,[x9,:got_lo12:cgo_guard_v1_process]\n"
    "  ldr w9,[x9]\n"
    "  adrp x2,cgo_guard_v1_failure\n"
    "  add x2,x2,:lo12:cgo_guard_v1_failure\n"
    "  cmp w9,#2\n"  // process_mode::ready
    "  b.eq cgo_guard_v1_enter\n"
    "  b cgo_guard_v1_detour\n"
    "  .cfi_endproc\n"
    ".size cgo_guard_v1_run,.-cgo_guard_v1_run\n"

    ".weak cgo_guard_v1_enter\n"
    ".hidden cgo_guard_v1_enter\n"
    ".type cgo_guard_v1_enter,@function\n"
    "cgo_guard_v1_enter:\n"
    "  .cfi_startproc\n"
    "  .cfi_personality 0x9b,DW.ref.cgo_guard_v1_personality\n"
    "  hint #34\n"
    "  movz w9,#0x6e61\n"
    "  movk w9,#0x6c61,lsl #16\n"
    "  stp x29,x30,[sp,#-16]!\n"
    "  .cfi_def_cfa_offset 16\n"
    "  .cfi_offset x29,-16\n"
    "  .cfi_offset x30,-8\n"
    "  mov x29,sp\n"
    "  sub x10,x29,#64\n"  // the canary's address
    "  sub sp,sp,#192+" CGO_GUARD_BELOW_TEXT
    "\n"
    "  .cfi_def_cfa_offset 16+192+" CGO_GUARD_BELOW_TEXT
    "\n"
    "  stp x19,x20,[x29,#-16]\n"
    "  stp x21,x22,[x29,#-32]\n"
    "  stp x2,x23,[x29,#-48]\n"
    "  stp x9,xzr,[x29,#-64]\n"
    "  stp x0,x10,[x29,#-80]\n"
    "  stp x26,x24,[x29,#-96]\n"
    "  stp x28,x25,[x29,#-112]\n"
    "  str x27,[x29,#-120]\n"
    "  stp d8,d9,[x29,#-136]\n"
    "  stp d10,d11,[x29,#-152]\n"
    "  stp d12,d13,[x29,#-168]\n"
    "  stp d14,d15,[x29,#-184]\n" CGO_GUARD_CFI_SAVED_TEXT "  str x30,[sp,#8+" CGO_GUARD_ROOM_TEXT
    "]\n"
    "  mov x8,x0\n"
    "  mov x0,x1\n"
    "  blr x8\n"
    ".weak cgo_guard_v1_returned\n"
    ".hidden cgo_guard_v1_returned\n"
    "cgo_guard_v1_returned:\n"
    // The thunk has kept the callee-saved registers, as every function does: only x29 and x30 were ours to restore. By
    // sp, which the thunk's return has proved; what it has restored of x29 may have been overwritten in its frame.
    "  .cfi_remember_state\n" CGO_GUARD_CFI_KEPT_TEXT
    "  mov x0,xzr\n"
    "  str xzr,[sp,#128+" CGO_GUARD_BELOW_TEXT
    "]\n"
    "  add sp,sp,#192+" CGO_GUARD_BELOW_TEXT
    "\n"
    "  .cfi_def_cfa_offset 16\n"
    "  ldp x29,x30,[sp],#16\n" CGO_GUARD_CFI_RETURNING_TEXT
    "  ret\n"
    "  .cfi_restore_state\n"
    // The unwinder may not have restored x29 (a smashed stack), so it is recomputed. C++ may have left any
    // floating-point mode behind: rounding, flush-to-zero, traps. Go relies on the ABI's, which are all zero.
    ".weak cgo_guard_v1_landed\n"
    ".hidden cgo_guard_v1_landed\n"
    "cgo_guard_v1_landed:\n"
    "  hint #36\n"
    "  add x29,sp,#192+" CGO_GUARD_BELOW_TEXT
    "\n"
    "  msr fpcr,xzr\n"
    "  msr fpsr,xzr\n"
    "  str xzr,[sp,#128+" CGO_GUARD_BELOW_TEXT
    "]\n"
    "  b cgo_guard_v1_failing\n"
    "  .cfi_endproc\n"
    ".size cgo_guard_v1_enter,.-cgo_guard_v1_enter\n"

    // taker->take(record, outcome, thunk, taker), while the frame still stands: the record is in it.
    ".weak cgo_guard_v1_failing\n"
    ".hidden cgo_guard_v1_failing\n"
    ".type cgo_guard_v1_failing,@function\n"
    "cgo_guard_v1_failing:\n"
    "  .cfi_startproc\n"
    "  .cfi_def_cfa x29,16\n"
    "  .cfi_offset x29,-16\n"
    "  .cfi_offset x30,-8\n" CGO_GUARD_CFI_SAVED_TEXT
    "  mov x1,x0\n"
    "  sub x0,x29,#192+" CGO_GUARD_RECORD_TEXT
    "\n"
    "  ldr x2,[x29,#-80]\n"
    "  ldr x3,[x29,#-48]\n"
    "  ldr x8,[x3]\n"
    "  blr x8\n"
    "  ldp x19,x20,[x29,#-16]\n"
    "  ldp x21,x22,[x29,#-32]\n"
    "  ldr x23,[x29,#-40]\n"
    "  ldp x26,x24,[x29,#-96]\n"
    "  ldp x28,x25,[x29,#-112]\n"
    "  ldr x27,[x29,#-120]\n"
    "  ldp d8,d9,[x29,#-136]\n"
    "  ldp d10,d11,[x29,#-152]\n"
    "  ldp d12,d13,[x29,#-168]\n"
    "  ldp d14,d15,[x29,#-184]\n" CGO_GUARD_CFI_KEPT_TEXT
    "  mov sp,x29\n"
    "  ldp x29,x30,[sp],#16\n" CGO_GUARD_CFI_RETURNING_TEXT
    "  ret\n"
    "  .cfi_endproc\n"
    ".size cgo_guard_v1_failing,.-cgo_guard_v1_failing\n"
    ".popsection\n"
    ".endif\n");
#undef CGO_GUARD_AS_TEXT
#undef CGO_GUARD_TEXT_OF
#undef CGO_GUARD_ROOM_TEXT
#undef CGO_GUARD_RECORD_TEXT
#undef CGO_GUARD_BELOW_TEXT
#undef CGO_GUARD_CFI_SAVED_TEXT
#undef CGO_GUARD_CFI_KEPT_TEXT
#undef CGO_GUARD_CFI_RETURNING_TEXT

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

/// Where the rest is in the trampoline's frame, see the drawing above.
constexpr std::ptrdiff_t record_offset = -208 - CGO_GUARD_RECORD_ROOM;
constexpr std::ptrdiff_t return_copy_offset = record_offset - 8;
constexpr std::ptrdiff_t trampoline_sp_offset = return_copy_offset - 8 - CGO_GUARD_ROOM;

/// The CFA of a trampoline by its stack pointer while its block runs. Its frame pointer is what the block has restored,
/// and that may have been overwritten in the block's frame.
inline std::uintptr_t trampolines_cfa(const registers &in_trampoline) noexcept {
  return in_trampoline.sp() - static_cast<std::uintptr_t>(trampoline_sp_offset);
}

/// The registers in the trampoline of a guard while its block runs, as far as a walk upward needs them.
inline registers inside_trampoline(std::uintptr_t cfa) noexcept {
  registers r{};
  r.value[frame_register] = cfa + static_cast<std::uintptr_t>(frame_pointer_offset);
  r.value[sp_register] = cfa + static_cast<std::uintptr_t>(trampoline_sp_offset);
  r.value[pc_register] = reinterpret_cast<std::uintptr_t>(cgo_guard_v1_returned);
  return r;
}

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_IS_AARCH64

#endif  // CGO_GUARD_ARCH_AARCH64_TRAMPOLINE_HPP
