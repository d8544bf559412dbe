// SPDX-License-Identifier: BSL-1.0
/// @file registers.hpp
/// The registers of 64-bit Arm that a walk of the stack knows of, and what the compiler's tables say of them.
#ifndef CGO_GUARD_ARCH_AARCH64_REGISTERS_HPP
#define CGO_GUARD_ARCH_AARCH64_REGISTERS_HPP

#include "../which.hpp"

#if defined(CGO_GUARD_ARCH_IS_AARCH64)
#include <cstddef>
#include <cstdint>

#include "../../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

/// Where a register is kept. Up to the pc these are DWARF's numbers (DWARF for the Arm 64-bit Architecture, 4.1).
/// Behind it come the halves of vector registers that a function keeps for its caller (AAPCS64, 6.1.2): a landing pad
/// may need them.
namespace number {
enum : int { x0 = 0, x1 = 1, x19 = 19, x29 = 29, x30 = 30, sp, pc, d8 };
}  // namespace number

constexpr int register_count = 41;
constexpr int general_count = 31;               ///< x0 to x30
constexpr int vector_count = 8;                 ///< d8 to d15
constexpr int exception_register = number::x0;  ///< the exception object for a landing pad
constexpr int selector_register = number::x1;   ///< which handler of the landing pad
constexpr int frame_register = number::x29;     ///< where a function uses it for its frame
constexpr int sp_register = number::sp;
constexpr int pc_register = number::pc;
constexpr int return_register = number::x30;  ///< what the tables say of the caller's pc: a call leaves it there

/// Rules of a frame that are kept for the next equal one: for x19 to x30, d8 to d15.
constexpr int most_saved_registers = 20;

constexpr const char *register_name[register_count] = {
    "x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10", "x11", "x12", "x13",
    "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27",
    "x28", "x29", "x30", "sp",  "pc",  "d8",  "d9",  "d10", "d11", "d12", "d13", "d14", "d15"};

struct registers {
  std::uintptr_t value[register_count];

  std::uintptr_t pc() const { return value[pc_register]; }
  std::uintptr_t sp() const { return value[sp_register]; }
};

/// Where a register of the tables is kept; register_count for one that no landing pad needs. 34 is RA_SIGN_STATE, which
/// says whether a return address is signed: all are taken for it (strip). 64 to 95 are v0 to v31.
constexpr std::uint64_t index_of(std::uint64_t dwarf) noexcept {
  constexpr std::uint64_t v8 = 72, v15 = 79;
  if (dwarf >= v8 && dwarf <= v15) return dwarf - v8 + number::d8;
  return dwarf <= number::pc ? dwarf : std::uint64_t{register_count};
}

/// Whether call frame information may hold an operation of this processor's alone, which says nothing to a walk:
/// DW_CFA_AARCH64_negate_ra_state, "signed from here on" or no longer (DWARF for the Arm 64-bit Architecture, 4.4.1),
/// and 2C, by which LLVM says that the pc was signed with it.
constexpr bool ignores(unsigned char operation) noexcept { return operation == 0x2d || operation == 0x2c; }

/// A return address without its signature. XPACLRI works on x30 alone and is a hint: assemblers without the extension
/// know it by its number, processors without it do nothing, and an address that was not signed stays as it is. No walk
/// authenticates an address: it has no use for the proof, and where that fails some processors fault.
inline std::uintptr_t strip(std::uintptr_t address) noexcept {
  register std::uintptr_t x30 __asm__("x30") = address;
  __asm__("hint #7" : "+r"(x30));
  return x30;
}

/// After a step, with what the tables have said of the return address: makes the caller's pc of it.
inline void continue_at_return_address(registers &r) noexcept {
  r.value[return_register] = r.value[pc_register] = strip(r.value[return_register]);
}

/// Whether a function that calls nobody may have no frame: its return address is in a register.
constexpr bool leaf_may_have_no_frame = true;

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_IS_AARCH64

#endif  // CGO_GUARD_ARCH_AARCH64_REGISTERS_HPP
