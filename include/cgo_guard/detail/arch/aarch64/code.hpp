// SPDX-License-Identifier: BSL-1.0
/// @file code.hpp
/// What the machine code at an address says: which instruction faulted, what a return address returns from.
/// Every read is one that may fail. Async-signal-safe.
#ifndef CGO_GUARD_ARCH_AARCH64_CODE_HPP
#define CGO_GUARD_ARCH_AARCH64_CODE_HPP

#include "../which.hpp"

#if defined(CGO_GUARD_ARCH_IS_AARCH64)
#include <csignal>

#include "calls.hpp"
#include "memory_access.hpp"
#include "opcodes.hpp"
#include "trampoline.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

/// One instruction. Read in aligned words, none of which is in two pages.
inline bool load_instruction(std::uintptr_t at, std::uint32_t &out) noexcept {
  std::uintptr_t word = 0;
  if (at % sizeof out != 0 || cgo_guard_v1_load(at & ~std::uintptr_t{7}, &word) == 0) return false;
  out = static_cast<std::uint32_t>(at % sizeof word != 0 ? word >> 32 : word);
  return true;
}
inline std::uint32_t instruction_before(std::uintptr_t return_address) noexcept {
  std::uint32_t code = 0;
  return load_instruction(return_address - sizeof code, code) ? code : 0;
}

/// The instruction at an address, for the decoding of SIGILL; 0 where it can't be read.
inline std::uintptr_t instruction_bytes(std::uintptr_t pc) noexcept {
  std::uint32_t code = 0;
  return load_instruction(pc, code) ? code : 0;
}

/// What __builtin_trap is here: `brk #1000` by GCC, `brk #1` by clang.
inline bool is_trap_instruction(std::uintptr_t bytes) noexcept {
  const auto code = static_cast<std::uint32_t>(bytes);
  return a64::brk.matches(code) && (a64::immediate_16(code) == 1000 || a64::immediate_16(code) == 1);
}

/// The signal that the kernel makes of it. The processor has no other trap than its breakpoint instruction.
constexpr int trap_signal = SIGTRAP;

/// The number of the check that failed, in the trap instruction of clang's -fsanitize-trap: `brk #0x5500+number` (LLVM,
/// lib/Target/AArch64/AArch64ISelLowering.cpp; 0x55 is a U). @return -1 for other code.
inline int failed_check(std::uintptr_t bytes) noexcept {
  const auto code = static_cast<std::uint32_t>(bytes);
  const unsigned number = a64::immediate_16(code);
  return a64::brk.matches(code) && number >> 8 == 0x55 ? static_cast<int>(number & 0xff) : -1;
}

/// Not by accident: UDF with a number. That of 0 is memory full of zeros, which nobody has meant to run.
inline bool is_undefined_instruction(std::uintptr_t bytes) noexcept {
  const auto code = static_cast<std::uint32_t>(bytes);
  return a64::udf.matches(code) && code != 0;
}

/// The name of an instruction that a program may not use: an illegal one, on this processor. nullptr for all others.
inline const char *privileged_instruction(std::uintptr_t bytes) noexcept {
  return a64::privileged_name(static_cast<std::uint32_t>(bytes));
}

/// Whether an instruction checks the signature of a pointer. Where the check fails, processors with FEAT_FPAC stop
/// there (si_code ILL_ILLOPN: do_el0_fpac, arch/arm64/kernel/traps.c); others make a pointer of it that leads nowhere.
inline bool authenticates(std::uintptr_t bytes) noexcept {
  return a64::authenticates(static_cast<std::uint32_t>(bytes));
}

/// clang before LLVM 15 gives no unwind tables to its __clang_call_terminate, where the landing pads of noexcept
/// functions end, unless it is asked for -g. It is `str x30,[sp,#-16]!; bl __cxa_begin_catch; bl std::terminate`, at
/// every level of optimisation; -mbranch-protection puts a paciasp in front.
/// @param call_site the last byte of a call. @return the bytes from sp there up to the CFA, or 0 if this isn't it.
inline std::int32_t frame_of_bare_terminate(std::uintptr_t call_site) noexcept {
  constexpr std::uint32_t push_x30 = 0xf81f0ffe;
  std::uint32_t push = 0, first = 0, second = 0;
  const std::uintptr_t at = call_site & ~std::uintptr_t{3};
  const bool is_it = load_instruction(at, second) && load_instruction(at - 4, first) &&
                     load_instruction(at - 8, push) && push == push_x30 && a64::bl.matches(first) &&
                     a64::bl.matches(second);
  return is_it ? 16 : 0;
}
/// Where its return address is, from the CFA.
constexpr std::int32_t bare_terminate_return_offset = -16;

/// Whether a word can be a return address: there is code in front of it, and that ends in a call.
inline bool follows_call(std::uintptr_t return_address) noexcept {
  return a64::is_call(instruction_before(return_address));
}

/// Whether it was a return that took the PC from x30, and no call: a call has left another address there. RETAA leaves
/// the signature in x30, and where that was wrong its mark in the PC: neither is in the lower bits, which are the
/// address.
inline bool was_return(const registers &at_fault) noexcept {
  constexpr std::uintptr_t address_bits = (std::uintptr_t{1} << 48) - 1;
  return ((at_fault.pc() ^ at_fault.value[return_register]) & address_bits) == 0;
}

/// Whether an access that is outside of its function's frame, as the tables have it, goes by the stack pointer: in a
/// prologue that they don't describe. clang before LLVM 15 describes none: the CFA it gives there is the sp of the
/// moment, and it is in prologues that a stack overflows.
/// @param distance of what is accessed from the stack pointer. No constant of a load or store reaches further than
/// 4095 units of 16 bytes.
inline bool reaches_from_sp(std::uintptr_t pc, std::uintptr_t distance) noexcept {
  constexpr std::uintptr_t furthest = 64 * 1024;
  std::uint32_t code = 0;
  if (distance >= furthest || !load_instruction(pc, code)) return false;
  const a64::memory_access access =
      a64::read_memory_access(code, pc, [](unsigned) noexcept { return std::uintptr_t{0}; });
  return access.exists && access.by_immediate && access.base == a64::sp_or_zero;
}

/// Whether a function begins as a trampoline does, of any version: among its first instructions are
/// `movz wN,#low; movk wN,#high,lsl #16` of a canary, which is frozen as the canary is.
inline bool pushes_a_canary(std::uintptr_t function) noexcept {
  constexpr std::uintptr_t within = 40;
  std::uint32_t previous = 0;
  for (std::uintptr_t at = function; at < function + within; at += sizeof previous) {
    std::uint32_t code = 0;
    if (!load_instruction(at, code)) return false;
    if (a64::movz_w.matches(previous) && a64::movk_w_upper.matches(code) && a64::rd(previous) == a64::rd(code) &&
        canary_of_any_version(std::uintptr_t{a64::immediate_16(code)} << 16 | a64::immediate_16(previous))) {
      return true;
    }
    previous = code;
  }
  return false;
}

/// Where the call in front of a return address goes to; 0 where it doesn't say (through a register).
inline std::uintptr_t direct_call_target(std::uintptr_t return_address) noexcept {
  const std::uint32_t code = instruction_before(return_address);
  return a64::bl.matches(code) ? a64::branch_target(return_address - sizeof code, code) : 0;
}

/// Where code goes that begins by making an address of x16: the linker's stubs for other modules, and its veneers to
/// places that BL can't reach.
///
///     adrp x16,page; ldr x17,[x16,#slot]; …; br x17        a stub; … is an add, and an autia1716 where it is protected
///     adrp x16,page; add x16,x16,#low; br x16              a veneer within 4 GiB
///     ldr x16,place; br x16; …                             lld's veneer to anywhere
///     ldr x16,place; adr x17,.; add x16,x16,x17; br x16    GNU ld's, which is relative
///
/// Each may stand behind a `bti c`. @return 0 for other code.
inline std::uintptr_t stub_target(std::uintptr_t function) noexcept {
  std::uint32_t first = 0, second = 0, third = 0;
  if (!load_instruction(function, first)) return 0;
  if (a64::bti.matches(first) && !load_instruction(function += sizeof first, first)) return 0;
  const std::uintptr_t next = function + sizeof first;
  if (a64::rd(first) != 16 || !load_instruction(next, second)) return 0;
  std::uintptr_t word = 0;
  if (a64::adrp.matches(first) && a64::rn(second) == 16) {
    const std::uintptr_t page = a64::relative_address(function, first);
    const std::uintptr_t low = a64::field(second, 10, 12);
    if (a64::add_immediate.matches(second) && a64::rd(second) == 16) return page + low;
    if (!a64::ldr_unsigned_offset.matches(second) || a64::rt(second) != 17) return 0;
    return cgo_guard_v1_load(page + low * sizeof word, &word) != 0 ? word : 0;
  }
  if (!a64::ldr_literal.matches(first) || cgo_guard_v1_load(a64::literal_address(function, first), &word) == 0) {
    return 0;
  }
  if (a64::br.matches(second) && a64::rn(second) == 16) return word;
  const bool relative = a64::adr.matches(second) && a64::rd(second) == 17 && load_instruction(next + 4, third) &&
                        a64::add_register.matches(third) && a64::rd(third) == 16;
  return relative ? word + a64::relative_address(next, second) : 0;
}

/// What a register was loaded from before a call through it: `adrp xM,page; ldr xN,[xM,#slot]` among the instructions
/// in front, where nothing else has written to either (-fno-plt). 0 for other code.
/// @param at where the call is.
inline std::uintptr_t loaded_from(std::uintptr_t at, unsigned xn) noexcept {
  constexpr std::uintptr_t within = 16;  // instructions: a compiler moves the load of arguments between
  std::uintptr_t slot = 0;
  bool loaded = false;
  for (std::uintptr_t i = 1; i <= within; ++i) {
    std::uint32_t code = 0;
    const std::uintptr_t here = at - i * sizeof code;
    if (!load_instruction(here, code) || !a64::goes_on(code)) return 0;
    if (a64::rd(code) != xn) continue;  // stores have what they store in this place, and end the search for nothing
    if (loaded) return a64::adrp.matches(code) ? a64::relative_address(here, code) + slot : 0;
    if (!a64::ldr_unsigned_offset.matches(code)) return 0;
    loaded = true;
    slot = std::uintptr_t{a64::field(code, 10, 12)} * sizeof slot;
    xn = a64::rn(code);
  }
  return 0;
}

/// The function that is called in front of a return address, also where the call goes through the linker's stub or
/// straight through its table; 0 where the code doesn't say.
inline std::uintptr_t function_called_before(std::uintptr_t return_address) noexcept {
  if (const std::uintptr_t target = direct_call_target(return_address)) {
    const std::uintptr_t behind_stub = stub_target(target);
    return behind_stub != 0 ? behind_stub : target;
  }
  const std::uint32_t call = instruction_before(return_address);
  if (!a64::blr.matches(call)) return 0;
  std::uintptr_t target = 0;
  const std::uintptr_t slot = loaded_from(return_address - sizeof call, a64::rn(call));
  return slot != 0 && cgo_guard_v1_load(slot, &target) != 0 ? target : 0;
}

/// Calls visit(target) for every jump out of a function, with 0 for a jump through a register. Stops when visit returns
/// true. @return whether it did.
template <class Visit>
bool find_jump(std::uintptr_t begin, std::uintptr_t end, Visit &&visit) noexcept {
  for (std::uintptr_t at = begin; at + sizeof(std::uint32_t) <= end; at += sizeof(std::uint32_t)) {
    std::uint32_t code = 0;
    if (!load_instruction(at, code)) return visit(std::uintptr_t{0});
    if (a64::bl.matches(code)) continue;
    const std::uintptr_t target = a64::is_indirect_jump(code) ? 0 : a64::branch_target(at, code);
    const bool stays = target - begin < end - begin;
    if (!stays && visit(target)) return true;
  }
  return false;
}

/// Whether a function may run on into the next one: its last instruction is none that leaves.
inline bool runs_on(std::uintptr_t end) noexcept {
  std::uint32_t code = 0;
  return load_instruction(end - sizeof code, code) && a64::goes_on(code);
}

/// More than the code of crosscall2, which is Go's entry from C (runtime/cgo/asm_arm64.s).
constexpr std::uintptr_t largest_go_entry = 256;

/// Its frame, the same in Go 1.19 to 1.27, and below it that of the cgocallback it calls, which keeps the return
/// address in its lowest word and says its size in its first instruction, `str x30,[sp,#-size]!`:
///
///     at             return address into crosscall2
///     at+size        8 bytes unused; 3 arguments of cgocallback
///     at+size+32     x19 to x28
///     at+size+112    d8 to d15
///     at+size+176    x29, return address into C
///     at+size+192    the caller's frame
///
/// cgocallback's copy of x29, below `at`, is not asked: when the Go function calls C again, asmcgocall keeps the depth
/// of its stack in that very word.
/// @param at where the return address is. @param caller if the frame is whole, the registers of the caller in C.
/// @return unknown if crosscall2 begins in yet another way.
inline go_entry_frame inspect_go_entry(std::uintptr_t entry, std::uintptr_t at, registers &caller) noexcept {
  constexpr std::uint32_t begins[] = {0xd10303ff, 0xa90087e0};  // sub sp,sp,#192; stp x0,x1,[sp,#8]
  constexpr std::size_t words = 24, general = 4, floats = 14, last = 22;
  for (std::size_t i = 0; i < 2; ++i) {
    if (instruction_bytes(entry + i * sizeof begins[i]) != begins[i]) return go_entry_frame::unknown;
  }
  std::uintptr_t into = 0, word[words];
  std::uint32_t push = 0;
  if (cgo_guard_v1_load(at, &into) == 0) return go_entry_frame::broken;
  const std::uintptr_t callback = direct_call_target(into);
  if (callback == 0 || !load_instruction(callback, push)) return go_entry_frame::broken;
  const bool pushes_x30 = a64::str_pre_index.matches(push) && a64::rt(push) == 30 && a64::rn(push) == a64::sp_or_zero;
  if (!pushes_x30) return go_entry_frame::unknown;
  const std::uintptr_t frame = at - static_cast<std::uintptr_t>(a64::signed_field(push, 12, 9));
  for (std::size_t i = 0; i < words; ++i) {
    if (cgo_guard_v1_load(frame + i * sizeof word[i], &word[i]) == 0) return go_entry_frame::broken;
  }
  if (!follows_call(word[last + 1])) return go_entry_frame::broken;
  caller = registers{};
  for (std::size_t i = 0; i < 10; ++i) caller.value[number::x19 + i] = word[general + i];
  for (std::size_t i = 0; i < 8; ++i) caller.value[number::d8 + i] = word[floats + i];
  caller.value[frame_register] = word[last];
  caller.value[return_register] = caller.value[pc_register] = word[last + 1];
  caller.value[sp_register] = frame + sizeof word;
  return go_entry_frame::whole;
}

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_IS_AARCH64

#endif  // CGO_GUARD_ARCH_AARCH64_CODE_HPP
