// SPDX-License-Identifier: BSL-1.0
/// @file registers.hpp
/// The registers of x86-64 that a walk of the stack knows of, and what the compiler's tables say of them.
#ifndef CGO_GUARD_ARCH_X86_64_REGISTERS_HPP
#define CGO_GUARD_ARCH_X86_64_REGISTERS_HPP

#include "../which.hpp"

#if defined(CGO_GUARD_ARCH_IS_X86_64)
#include <cstddef>
#include <cstdint>

#include "../../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

/// DWARF register numbers (System V ABI, figure 3.36). A register is kept under its number.
namespace number {
enum : int { rax, rdx, rcx, rbx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15, return_address };
}  // namespace number

constexpr int register_count = 17;
constexpr int exception_register = number::rax;  ///< the exception object for a landing pad
constexpr int selector_register = number::rdx;   ///< which handler of the landing pad
constexpr int frame_register = number::rbp;      ///< where a function uses it for its frame
constexpr int sp_register = number::rsp;
constexpr int pc_register = number::return_address;
constexpr int return_register = pc_register;  ///< what the tables say of the caller's pc

/// Rules of a frame that are kept for the next equal one: for six callee-saved registers and the return address.
constexpr int most_saved_registers = 8;

constexpr const char *register_name[register_count] = {"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8",
                                                       "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rip"};

struct registers {
  std::uintptr_t value[register_count];

  std::uintptr_t pc() const { return value[pc_register]; }
  std::uintptr_t sp() const { return value[sp_register]; }
};

/// Where a register of the tables is kept; register_count for one that no landing pad needs (vector registers).
constexpr std::uint64_t index_of(std::uint64_t dwarf) noexcept {
  return dwarf < register_count ? dwarf : std::uint64_t{register_count};
}

/// Whether call frame information may hold an operation of this processor's alone, which says nothing to a walk.
constexpr bool ignores(unsigned char) noexcept { return false; }

/// After a step, with what the tables have said of the return address: makes the caller's pc of it. It is that already.
inline void continue_at_return_address(registers &) noexcept {}

/// Whether a function that calls nobody may have no frame. Every call pushes its return address.
constexpr bool leaf_may_have_no_frame = false;

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_IS_X86_64

#endif  // CGO_GUARD_ARCH_X86_64_REGISTERS_HPP
