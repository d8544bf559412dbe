// SPDX-License-Identifier: BSL-1.0
/// @file registers.hpp
/// The registers of x86-64 that a walk of the stack knows of.
#ifndef CGO_GUARD_ARCH_X86_64_REGISTERS_HPP
#define CGO_GUARD_ARCH_X86_64_REGISTERS_HPP

#include <cstddef>
#include <cstdint>

#include "../../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

/// DWARF register numbers (System V ABI, figure 3.36).
constexpr int register_count = 17;
constexpr int exception_register = 0;  ///< rax: the exception object for a landing pad
constexpr int selector_register = 1;   ///< rdx: which handler of the landing pad
constexpr int frame_register = 6;      ///< rbp, where a function uses it for its frame
constexpr int sp_register = 7;
constexpr int pc_register = 16;

constexpr const char *register_name[register_count] = {"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8",
                                                       "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rip"};

struct registers {
  std::uintptr_t value[register_count];

  std::uintptr_t pc() const { return value[pc_register]; }
  std::uintptr_t sp() const { return value[sp_register]; }
};

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_X86_64_REGISTERS_HPP
