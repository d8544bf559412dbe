// SPDX-License-Identifier: BSL-1.0
/// @file arch.hpp
/// Chooses the processor's folder. A port is one more folder with these files and names, a line in which.hpp, and its
/// branch below; nobody else asks which processor this is, or knows what is particular to one. What each name has to
/// mean is said where x86_64/ has it.
///
/// - registers.hpp, what a walk knows of a frame: registers with pc() and sp(), register_count, register_name, index_of
///   (a DWARF number), exception_register, selector_register, frame_register, sp_register, pc_register,
///   return_register, most_saved_registers, continue_at_return_address, leaf_may_have_no_frame, ignores
/// - routines.hpp, the assembly of cgo_guard_v1_ load, touch, capture, resume and call_on, with the labels in the first
///   two, as assembly.hpp declares them
/// - trampoline.hpp, likewise of cgo_guard_v1_ run, own_run, enter, returned, landed and failure; places in its frame
///   that are the processor's own: record_offset, return_copy_offset, trampoline_sp_offset; and trampolines_cfa,
///   inside_trampoline. For all processors assembly.hpp has failure_taker, record_room, state_offset, canary_offset,
///   thunk_offset, return_address_offset, frame_pointer_offset, canary and canary_of_any_version
/// - calls.hpp, what a call leaves on the stack: pop_return_address, pop_frame, pack_caller, unpack_caller, red_zone,
///   written_below_sp, largest_push, address_in_this_frame; and calls that nobody has written: set_call, call_on_stack
/// - code.hpp, what machine code says: instruction_bytes, is_trap_instruction, trap_signal, is_undefined_instruction,
///   failed_check, privileged_instruction, authenticates, follows_call, direct_call_target,
///   stub_target, function_called_before, find_jump, runs_on, pushes_a_canary, was_return, reaches_from_sp,
///   frame_of_bare_terminate, bare_terminate_return_offset. Go's entry from C: largest_go_entry, inspect_go_entry,
///   which answers by assembly.hpp's go_entry_frame
/// - operand.hpp, what the faulting instruction wanted, where the kernel doesn't say: wanted, read_wanted
/// - signal.hpp, the ucontext: from_ucontext, to_ucontext, pc_of, sp_of, set_pc, fingerprint. What was the matter:
///   is_page_fault, page_fault_was_write, page_fault_was_fetch, whole_pointer, is_bad_call, is_checked_landing,
///   pc_is_after_trap, is_behind_breakpoint. Who has sent it: sent_by_own_system_call, let_in_by_mask. The kernel's
///   frame: called_by_kernel, usual_signal_frame, is_signal_return, signal_return_is_libcs, context_at_signal_return,
///   leave_signal_frame. And clear_alignment_check
/// - thread.hpp: thread_pointer, distance_from_thread_pointer, at_distance_from_thread_pointer
/// - memory.hpp: page_size, largest_page_size, is_canonical, may_hold_instruction
/// - core.hpp, registers as a core has them: elf_machine, fill_core_registers, has_core_float_registers,
///   core_notes_room, write_core_notes
#ifndef CGO_GUARD_ARCH_HPP
#define CGO_GUARD_ARCH_HPP

#include "../../config.hpp"

#include "assembly.hpp"

#if defined(CGO_GUARD_ARCH_IS_X86_64)
#include "x86_64/calls.hpp"
#include "x86_64/code.hpp"
#include "x86_64/core.hpp"
#include "x86_64/memory.hpp"
#include "x86_64/operand.hpp"
#include "x86_64/registers.hpp"
#include "x86_64/routines.hpp"
#include "x86_64/signal.hpp"
#include "x86_64/thread.hpp"
#include "x86_64/trampoline.hpp"
#elif defined(CGO_GUARD_ARCH_IS_AARCH64)
#include "aarch64/calls.hpp"
#include "aarch64/code.hpp"
#include "aarch64/core.hpp"
#include "aarch64/memory.hpp"
#include "aarch64/operand.hpp"
#include "aarch64/registers.hpp"
#include "aarch64/routines.hpp"
#include "aarch64/signal.hpp"
#include "aarch64/thread.hpp"
#include "aarch64/trampoline.hpp"
#else
#error "cgo_guard: no arch/ folder for this processor; signals can't be guarded here (CGO_GUARD_HAS_SIGNALS must be 0)"
#endif

#endif  // CGO_GUARD_ARCH_HPP
