// SPDX-License-Identifier: BSL-1.0
/// @file code.hpp
/// What the machine code at an address says: which instruction faulted, what a return address returns from.
/// Every read is one that may fail. Async-signal-safe.
#ifndef CGO_GUARD_ARCH_X86_64_CODE_HPP
#define CGO_GUARD_ARCH_X86_64_CODE_HPP

#include "../which.hpp"

#if defined(CGO_GUARD_ARCH_IS_X86_64)
#include <csignal>
#include <cstring>

#include "calls.hpp"
#include "opcodes.hpp"
#include "trampoline.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

/// The first bytes at an address, for the decoding of SIGILL; 0 where they can't be read.
inline std::uintptr_t instruction_bytes(std::uintptr_t pc) noexcept {
  std::uintptr_t word = 0;
  return cgo_guard_v1_load(pc, &word) != 0 ? word : 0;
}
inline bool is_breakpoint(std::uintptr_t bytes) noexcept { return (bytes & 0xff) == opcode::int3; }
inline bool is_trap_instruction(std::uintptr_t bytes) noexcept { return (bytes & 0xffff) == opcode::ud2; }

/// The signal that the kernel makes of it.
constexpr int trap_signal = SIGILL;

/// The number of the check that failed, in the trap instruction of clang's -fsanitize-trap: `ud1 number(%eax),%eax`,
/// which is 67 0F B9 and an operand that nobody reads (LLVM, lib/Target/X86/X86MCInstLower.cpp). @return -1 for other
/// code.
inline int failed_check(std::uintptr_t bytes) noexcept {
  if ((bytes & 0xffffff) != opcode::ud1_addr32) return -1;
  const auto modrm = static_cast<unsigned>(bytes >> 24 & 0xff);
  return modrm == 0x00 ? 0 : modrm == 0x40 ? static_cast<int>(bytes >> 32 & 0xff) : -1;
}
inline bool is_undefined_instruction(std::uintptr_t bytes) noexcept {  // not by accident
  return (bytes & 0xffff) == opcode::ud1 || (bytes & 0xffffff) == opcode::ud1_addr32 || (bytes & 0xffff) == opcode::ud0;
}

/// Those that a program may not use are no illegal ones here, but protection faults (operand.hpp).
constexpr const char *privileged_instruction(std::uintptr_t) noexcept { return nullptr; }

/// Pointers have no signatures that an instruction could check.
constexpr bool authenticates(std::uintptr_t) noexcept { return false; }

/// clang gives no unwind tables to its __clang_call_terminate, where the landing pads of noexcept functions end, unless
/// it is asked for -g. It is `push %rax; call __cxa_begin_catch; call std::terminate`, at every level of optimisation.
/// @param call_site the last byte of a call. @return the bytes from rsp there up to the CFA, or 0 if this isn't it.
inline std::int32_t frame_of_bare_terminate(std::uintptr_t call_site) noexcept {
  std::uintptr_t code = 0;
  if (cgo_guard_v1_load(call_site - 10, &code) == 0) return 0;
  constexpr std::uintptr_t opcodes = 0x00ff00000000ffff, push_call_call = 0x00e800000000e850;
  return (code & opcodes) == push_call_call ? 16 : 0;
}
/// Where its return address is, from the CFA.
constexpr std::int32_t bare_terminate_return_offset = -8;

/// Whether a word can be a return address: there is code in front of it, and that ends in a call (Intel SDM 2A, CALL:
/// E8 and 32 bits, or FF /2 with a register or an address of up to 7 bytes).
inline bool follows_call(std::uintptr_t return_address) noexcept {
  std::uintptr_t word = 0;
  if (cgo_guard_v1_load(return_address - sizeof word, &word) == 0) return false;
  unsigned char code[sizeof word];
  std::memcpy(code, &word, sizeof word);
  if (code[sizeof word - 5] == opcode::call_rel32) return true;
  for (std::size_t length = 2; length <= 7; ++length) {
    const unsigned char *const call = code + sizeof word - length;
    if (call[0] == opcode::group_5 && (call[1] >> 3 & 7) == opcode::group_5_call) return true;
  }
  return false;
}

/// Whether it was a return that took the PC from the stack, and no call: a call has left its return address there.
inline bool was_return(const registers &at_fault) noexcept {
  std::uintptr_t popped = 0, top = 0;
  return cgo_guard_v1_load(at_fault.sp() - sizeof popped, &popped) != 0 && popped == at_fault.pc() &&
         !(cgo_guard_v1_load(at_fault.sp(), &top) != 0 && follows_call(top));
}

/// Whether an access that is outside of its function's frame, as the tables have it, goes by the stack pointer: in a
/// prologue that they don't describe. All compilers describe prologues here.
/// @param distance of what is accessed from the stack pointer.
constexpr bool reaches_from_sp(std::uintptr_t, std::uintptr_t) noexcept { return false; }

/// Whether a function begins as a trampoline does, of any version: one of its first instructions is the push of a
/// canary (68 and 32 bits), which is frozen as the canary is.
inline bool pushes_a_canary(std::uintptr_t function) noexcept {
  constexpr std::size_t within = 40;
  unsigned char code[within];
  for (std::size_t i = 0; i < within; i += sizeof(std::uintptr_t)) {
    std::uintptr_t word = 0;
    if (cgo_guard_v1_load(function + i, &word) == 0) return false;
    std::memcpy(code + i, &word, sizeof word);
  }
  for (std::size_t i = 0; i + 5 <= within; ++i) {
    std::uint32_t pushed = 0;
    std::memcpy(&pushed, code + i + 1, sizeof pushed);
    if (code[i] == opcode::push_imm32 && canary_of_any_version(pushed)) return true;
  }
  return false;
}

/// Where the call in front of a return address goes to; 0 where it doesn't say (through a register or memory).
inline std::uintptr_t direct_call_target(std::uintptr_t return_address) noexcept {
  std::uintptr_t word = 0;
  if (cgo_guard_v1_load(return_address - sizeof word, &word) == 0 || (word >> 24 & 0xff) != opcode::call_rel32) {
    return 0;
  }
  const auto distance = static_cast<std::int32_t>(word >> 32);
  return return_address + static_cast<std::uintptr_t>(std::intptr_t{distance});
}

/// Where a stub of the linker jumps to: `jmp *slot(%rip)`, behind an endbr64 and a prefix or without; 0 for other code.
inline std::uintptr_t stub_target(std::uintptr_t function) noexcept {
  std::uintptr_t word = 0, target = 0;
  if (cgo_guard_v1_load(function, &word) == 0) return 0;
  if ((word & 0xffffffff) == opcode::endbr64 && cgo_guard_v1_load(function += 4, &word) == 0) return 0;
  if ((word & 0xff) == prefix::repne && cgo_guard_v1_load(++function, &word) == 0) return 0;
  if ((word & 0xffff) != opcode::jmp_slot_rip) return 0;
  const auto distance = static_cast<std::int32_t>(word >> 16);
  const std::uintptr_t slot = function + 6 + static_cast<std::uintptr_t>(std::intptr_t{distance});
  return cgo_guard_v1_load(slot, &target) != 0 ? target : 0;
}

/// The function that is called in front of a return address, also where the call goes through the linker's stub or
/// straight through its table (FF 15 and 32 bits, -fno-plt); 0 where the code doesn't say.
inline std::uintptr_t function_called_before(std::uintptr_t return_address) noexcept {
  if (const std::uintptr_t target = direct_call_target(return_address)) {
    const std::uintptr_t behind_stub = stub_target(target);
    return behind_stub != 0 ? behind_stub : target;
  }
  std::uintptr_t word = 0, target = 0;
  if (cgo_guard_v1_load(return_address - sizeof word, &word) == 0 || (word >> 16 & 0xffff) != opcode::call_slot_rip) {
    return 0;
  }
  const auto distance = static_cast<std::int32_t>(word >> 32);
  const std::uintptr_t slot = return_address + static_cast<std::uintptr_t>(std::intptr_t{distance});
  return cgo_guard_v1_load(slot, &target) != 0 ? target : 0;
}

/// Whether code begins with a jump through a register or memory: FF /4; or a retpoline, which jumps by
/// `mov %reg,(%rsp); ret` (48 or 4C, 89, ModRM, 24, C3).
inline bool is_indirect_jump(std::uintptr_t code) noexcept {
  if ((code & 0xff) == opcode::group_5 && (code >> 11 & 7) == opcode::group_5_jmp) return true;
  constexpr std::uintptr_t rex_w = prefix::rex | prefix::rex_w, any_register = 0xfb;
  constexpr std::uintptr_t at_rsp = 0x24;
  return (code & any_register) == rex_w && (code >> 8 & 0xff) == opcode::mov_store &&
         (code >> 24 & 0xffff) == (at_rsp | opcode::ret << 8);
}

/// Where the direct jump goes to that code begins with, or `at` where it begins with none.
inline std::uintptr_t direct_jump_target(std::uintptr_t at, std::uintptr_t code) noexcept {
  const std::uintptr_t first = code & 0xff;
  const bool conditional = (code & opcode::jcc_rel32_mask) == opcode::jcc_rel32;
  std::uintptr_t length = 0;
  std::intptr_t distance = 0;
  if (first == opcode::jmp_rel32 || conditional) {
    length = conditional ? 6 : 5;
    distance = static_cast<std::int32_t>(code >> 8 * (length - 4));
  } else if (first == opcode::jmp_rel8 || (first & 0xf0) == opcode::jcc_rel8) {
    length = 2;
    distance = static_cast<std::int8_t>(code >> 8);
  }
  return at + length + static_cast<std::uintptr_t>(distance);
}

/// Calls visit(target) for whatever may be a jump out of a function, with 0 for a jump through a register or memory.
/// Bytes are not decoded, so that some targets are none. Stops when visit returns true. @return whether it did.
template <class Visit>
bool find_jump(std::uintptr_t begin, std::uintptr_t end, Visit &&visit) noexcept {
  // No jump is one byte. A call back is the end of many a function, FF its last byte, and what follows is the filling.
  for (std::uintptr_t at = begin; at + 1 < end; ++at) {
    std::uintptr_t code = 0;
    if (cgo_guard_v1_load(at, &code) == 0) return visit(std::uintptr_t{0});
    const std::uintptr_t target = is_indirect_jump(code) ? 0 : direct_jump_target(at, code);
    const bool stays = target - begin < end - begin;
    if (!stays && visit(target)) return true;
  }
  return false;
}

/// Whether a function's last instruction is a conditional jump, by 32 bits or 8: then it may run on into the next one.
inline bool runs_on(std::uintptr_t end) noexcept {
  std::uintptr_t word = 0;
  if (cgo_guard_v1_load(end - sizeof word, &word) == 0) return false;
  return (word >> 16 & opcode::jcc_rel32_mask) == opcode::jcc_rel32 || (word >> 48 & 0xf0) == opcode::jcc_rel8;
}

/// More than the code of crosscall2, which is Go's entry from C (runtime/cgo/asm_amd64.s).
constexpr std::uintptr_t largest_go_entry = 256;

/// Its frame, where it begins with a frame pointer (seen in Go 1.26 and 1.27) and where it does not (Go 1.19):
///
///     at       return address into crosscall2
///     at+8     3 arguments of cgocallback
///     at+32    rbx, r12, r13, r14, r15
///     at+72    the address of the next word      at+72    rbp
///     at+80    rbp
///     at+88    return address into C             at+80    return address into C
///
/// @param at where the return address is. @param caller if the frame is whole, the registers of the caller in C.
/// @return unknown if crosscall2 begins in yet another way.
inline go_entry_frame inspect_go_entry(std::uintptr_t entry, std::uintptr_t at, registers &caller) noexcept {
  constexpr std::uintptr_t with_frame_pointer = 0x30ec8348e5894855;  // push %rbp; mov %rsp,%rbp; sub $0x30,%rsp
  constexpr std::uintptr_t without = 0x246c894830ec8348;             // sub $0x30,%rsp; mov %rbp,0x28(%rsp)
  std::uintptr_t code = 0, word[12];
  if (cgo_guard_v1_load(entry, &code) == 0 || (code != with_frame_pointer && code != without)) {
    return go_entry_frame::unknown;
  }
  for (std::size_t i = 0; i < 12; ++i) {
    if (cgo_guard_v1_load(at + i * sizeof code, &word[i]) == 0) return go_entry_frame::broken;
  }
  const std::size_t last = code == without ? 10 : 11;
  if (code == with_frame_pointer && word[9] != at + 80) return go_entry_frame::broken;
  if (!follows_call(word[last])) return go_entry_frame::broken;
  caller = registers{};
  caller.value[number::rbx] = word[4];
  for (int i = 0; i < 4; ++i) caller.value[number::r12 + i] = word[5 + i];
  caller.value[frame_register] = word[last - 1];
  caller.value[sp_register] = at + (last + 1) * sizeof code;
  caller.value[pc_register] = word[last];
  return go_entry_frame::whole;
}

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_IS_X86_64

#endif  // CGO_GUARD_ARCH_X86_64_CODE_HPP
