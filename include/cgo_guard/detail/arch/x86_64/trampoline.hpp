// SPDX-License-Identifier: BSL-1.0
/// @file trampoline.hpp
/// The trampoline: the frame in which a guarded block runs, and where things are in it. Linux, System V ABI.
#ifndef CGO_GUARD_ARCH_X86_64_TRAMPOLINE_HPP
#define CGO_GUARD_ARCH_X86_64_TRAMPOLINE_HPP

#include "../which.hpp"

#if defined(CGO_GUARD_ARCH_IS_X86_64)
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
//   its frame        CFA-8   return address          every callee-saved register is pushed, although the thunk keeps
//                    CFA-16  rbp                     them: after a smashed return address nobody can say what the
//                    CFA-24  rbx                     frames in between had saved, and we come back by stack pointer
//                    CFA-32  r12                     alone
//                    CFA-40  r13
//                    CFA-48  r14
//                    CFA-56  r15
//                    CFA-64  taker                   of this guard's own copy of the header, whichever copy's handler
//                                                    takes the fault
//                    CFA-72  state, 0 on entry (guard_state bits)
//                    CFA-80  canary                  cleared on the way out, so that a dead frame is never taken for
//                                                    a live one by the scan of a stack that can't be walked
//                    CFA-88  address of the canary   so that no other word with the canary's value is
//                    CFA-96  thunk                   what is called below, for a walk that wants to know
//                    CFA-2000  guard_record          not written unless the block fails
//                    CFA-2008  return address again  of a dead frame parts survive in the gaps of later ones, which
//                                                    hold as large a record. Both ends of one frame hardly do
//                    CFA-2016  8 bytes for alignment, and a KiB of nothing: what is written past the end of an array
//                    ...     of the block, or of a function that it has called, ends here
//          rsp ->    CFA-3040
//                    CFA-3048                        return address into the trampoline while the thunk runs
//
//   cgo_guard_v1_landed: a failure arrives here, with rsp as the thunk found it and what failed in rax. It goes on in
//   cgo_guard_v1_failing, which has the same frame and is no guard: it has no personality.
//
// From rsp, while the thunk runs, up to the thunk's place in the frame: alignment and room, return address, record.
#define CGO_GUARD_BELOW_TEXT "8+" CGO_GUARD_ROOM_TEXT "+8+" CGO_GUARD_RECORD_TEXT
__asm__(
    ".ifndef cgo_guard_v1_enter\n"
    ".pushsection .data.DW.ref.cgo_guard_v1_personality,\"awG\",@progbits,DW.ref.cgo_guard_v1_personality,comdat\n"
    ".weak DW.ref.cgo_guard_v1_personality\n"
    ".hidden DW.ref.cgo_guard_v1_personality\n"
    ".balign 8\n"
    ".type DW.ref.cgo_guard_v1_personality,@object\n"
    ".size DW.ref.cgo_guard_v1_personality,8\n"
    "DW.ref.cgo_guard_v1_personality:\n"
    "  .quad cgo_guard_v1_personality\n"
    ".popsection\n"

    // The taker of the guards in users' files (failure_taker, below).
    ".pushsection .data.rel.ro.cgo_guard_v1,\"awG\",@progbits,cgo_guard_v1_enter,comdat\n"
    ".balign 8\n"
    ".weak cgo_guard_v1_failure\n"
    ".hidden cgo_guard_v1_failure\n"
    ".type cgo_guard_v1_failure,@object\n"
    ".size cgo_guard_v1_failure,8\n"
    "cgo_guard_v1_failure:\n"
    "  .quad cgo_guard_v1_fail\n"
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
    "  endbr64\n"
    "  movq cgo_guard_v1_process@GOTPCREL(%rip),%rax\n"
    "  cmpl $2,(%rax)\n"  // process_mode::ready
    "  leaq cgo_guard_v1_failure(%rip),%rdx\n"
    "  jne cgo_guard_v1_detour\n"
    "  .cfi_endproc\n"
    ".size cgo_guard_v1_run,.-cgo_guard_v1_run\n"

    ".weak cgo_guard_v1_enter\n"
    ".hidden cgo_guard_v1_enter\n"
    ".type cgo_guard_v1_enter,@function\n"
    "cgo_guard_v1_enter:\n"
    "  .cfi_startproc\n"
    "  .cfi_personality 0x9b,DW.ref.cgo_guard_v1_personality\n"
    "  pushq %rbp\n"
    "  .cfi_def_cfa_offset 16\n"
    "  .cfi_offset %rbp,-16\n"
    "  movq %rsp,%rbp\n"
    "  .cfi_def_cfa_register %rbp\n"
    "  pushq %rbx\n"
    "  .cfi_offset %rbx,-24\n"
    "  pushq %r12\n"
    "  .cfi_offset %r12,-32\n"
    "  pushq %r13\n"
    "  .cfi_offset %r13,-40\n"
    "  pushq %r14\n"
    "  .cfi_offset %r14,-48\n"
    "  pushq %r15\n"
    "  .cfi_offset %r15,-56\n"
    "  pushq %rdx\n"
    "  pushq $0\n"
    "  pushq $0x6c616e61\n"
    "  pushq %rsp\n"
    "  pushq %rdi\n"
    "  subq $" CGO_GUARD_RECORD_TEXT
    ",%rsp\n"
    "  pushq 8(%rbp)\n"
    "  subq $8+" CGO_GUARD_ROOM_TEXT
    ",%rsp\n"
    "  movq %rdi,%rax\n"
    "  movq %rsi,%rdi\n"
    "  callq *%rax\n"
    ".weak cgo_guard_v1_returned\n"
    ".hidden cgo_guard_v1_returned\n"
    "cgo_guard_v1_returned:\n"
    // The thunk has kept the callee-saved registers, as every function does: only rbp was ours to restore. By rsp,
    // which the thunk's return has proved; what it has restored of rbp may have been overwritten in its frame.
    "  xorl %eax,%eax\n"
    "  movq $0,16+" CGO_GUARD_BELOW_TEXT
    "(%rsp)\n"
    "  addq $80+" CGO_GUARD_BELOW_TEXT
    ",%rsp\n"
    "  popq %rbp\n"
    "  .cfi_def_cfa %rsp,8\n"
    "  ret\n"
    "  .cfi_def_cfa %rbp,16\n"
    // The unwinder may not have restored rbp (a smashed stack), so it is recomputed. C++ may have left any
    // floating-point mode, direction or alignment flag behind; Go relies on the defaults of the ABI.
    ".weak cgo_guard_v1_landed\n"
    ".hidden cgo_guard_v1_landed\n"
    "cgo_guard_v1_landed:\n"
    "  endbr64\n"
    "  leaq 80+" CGO_GUARD_BELOW_TEXT
    "(%rsp),%rbp\n"
    "  cld\n"
    "  fninit\n"
    "  movq $0x1f80,(%rsp)\n"
    "  ldmxcsr (%rsp)\n"
    "  pushfq\n"
    "  andl $~0x40000,(%rsp)\n"
    "  popfq\n"
    "  movq $0,16+" CGO_GUARD_BELOW_TEXT
    "(%rsp)\n"
    "  jmp cgo_guard_v1_failing\n"
    "  .cfi_endproc\n"
    ".size cgo_guard_v1_enter,.-cgo_guard_v1_enter\n"

    // taker->take(record, outcome, thunk, taker), while the frame still stands: the record is in it.
    ".weak cgo_guard_v1_failing\n"
    ".hidden cgo_guard_v1_failing\n"
    ".type cgo_guard_v1_failing,@function\n"
    "cgo_guard_v1_failing:\n"
    "  .cfi_startproc\n"
    "  .cfi_def_cfa %rbp,16\n"
    "  .cfi_offset %rbp,-16\n"
    "  .cfi_offset %rbx,-24\n"
    "  .cfi_offset %r12,-32\n"
    "  .cfi_offset %r13,-40\n"
    "  .cfi_offset %r14,-48\n"
    "  .cfi_offset %r15,-56\n"
    "  leaq -80-" CGO_GUARD_RECORD_TEXT
    "(%rbp),%rdi\n"
    "  movq %rax,%rsi\n"
    "  movq -80(%rbp),%rdx\n"
    "  movq -48(%rbp),%rcx\n"
    "  callq *(%rcx)\n"
    "  leaq -40(%rbp),%rsp\n"
    "  popq %r15\n"
    "  popq %r14\n"
    "  popq %r13\n"
    "  popq %r12\n"
    "  popq %rbx\n"
    "  popq %rbp\n"
    "  .cfi_def_cfa %rsp,8\n"
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

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

/// Where the rest is in the trampoline's frame, see the drawing above.
constexpr std::ptrdiff_t record_offset = thunk_offset - CGO_GUARD_RECORD_ROOM;
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

#endif  // CGO_GUARD_ARCH_IS_X86_64

#endif  // CGO_GUARD_ARCH_X86_64_TRAMPOLINE_HPP
