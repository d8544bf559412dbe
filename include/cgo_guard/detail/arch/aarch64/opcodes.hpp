// SPDX-License-Identifier: BSL-1.0
/// @file opcodes.hpp
/// The instructions that are looked for by themselves, under the names of the Arm Architecture Reference Manual (DDI
/// 0487, chapter C4 for the classes and C6.2 for each). Every instruction of A64 is one word, so nothing is guessed.
/// No memory is read here, and any processor can compile it: so any machine can test it.
#ifndef CGO_GUARD_ARCH_AARCH64_OPCODES_HPP
#define CGO_GUARD_ARCH_AARCH64_OPCODES_HPP

#include <cstdint>

#include "../../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch::a64 {

/// The bits that make a word this instruction, or one of this class; the others are its operands.
struct encoding {
  std::uint32_t mask, value;

  constexpr bool matches(std::uint32_t code) const noexcept { return (code & mask) == value; }
};

constexpr std::uint32_t every_bit = 0xffffffff;

// Exception generation
constexpr encoding udf{0xffff0000, 0x00000000};
constexpr encoding svc_0{every_bit, 0xd4000001};
constexpr encoding hvc{0xffe0001f, 0xd4000002};
constexpr encoding smc{0xffe0001f, 0xd4000003};
constexpr encoding brk{0xffe0001f, 0xd4200000};
constexpr encoding hlt{0xffe0001f, 0xd4400000};

// Branches. Those through a register exist with pointer authentication too, by either key, with a modifier or without.
constexpr encoding b{0xfc000000, 0x14000000};
constexpr encoding bl{0xfc000000, 0x94000000};
constexpr encoding b_cond{0xff000000, 0x54000000};  // and BC.cond
constexpr encoding cbz_cbnz{0x7e000000, 0x34000000};
constexpr encoding tbz_tbnz{0x7e000000, 0x36000000};
constexpr encoding br{0xfffffc1f, 0xd61f0000};
constexpr encoding br_authenticated{0xfefff800, 0xd61f0800};  // BRAA, BRAAZ, BRAB, BRABZ
constexpr encoding blr{0xfffffc1f, 0xd63f0000};
constexpr encoding blr_authenticated{0xfefff800, 0xd63f0800};
constexpr encoding ret{0xfffffc1f, 0xd65f0000};
constexpr encoding ret_authenticated{0xfffffbff, 0xd65f0bff};  // RETAA, RETAB
constexpr encoding eret{0xfffff3e0, 0xd69f03e0};               // and ERETAA, ERETAB

// System instructions
constexpr encoding msr_immediate{0xfff8f01f, 0xd500401f};
constexpr encoding msr_register{0xfff00000, 0xd5100000};
constexpr encoding mrs{0xfff00000, 0xd5300000};
constexpr encoding sys{0xfff80000, 0xd5080000};
constexpr encoding sys_tlbi{0xfff8f000, 0xd5088000};
constexpr encoding sys_at{0xfff8fe00, 0xd5087800};

// What else is part of calls and of the linker's stubs
constexpr encoding bti{0xffffff3f, 0xd503241f};  // with or without c, j
constexpr encoding adr{0x9f000000, 0x10000000};
constexpr encoding adrp{0x9f000000, 0x90000000};
constexpr encoding add_immediate{0xffc00000, 0x91000000};
constexpr encoding add_register{0xffe0fc00, 0x8b000000};
constexpr encoding ldr_unsigned_offset{0xffc00000, 0xf9400000};  // of an X register
constexpr encoding ldr_literal{0xff000000, 0x58000000};
constexpr encoding str_pre_index{0xffe00c00, 0xf8000c00};
constexpr encoding movz_w{0xffe00000, 0x52800000};
constexpr encoding movk_w_upper{0xffe00000, 0x72a00000};  // lsl #16

// Registers by their places in an encoding. 31 is the zero register or sp, as the instruction has it.
constexpr unsigned rd(std::uint32_t code) noexcept { return code & 31; }
constexpr unsigned rt(std::uint32_t code) noexcept { return code & 31; }
constexpr unsigned rn(std::uint32_t code) noexcept { return code >> 5 & 31; }
constexpr unsigned rt2(std::uint32_t code) noexcept { return code >> 10 & 31; }
constexpr unsigned rm(std::uint32_t code) noexcept { return code >> 16 & 31; }
constexpr unsigned sp_or_zero = 31;

constexpr std::uint32_t field(std::uint32_t code, unsigned low, unsigned width) noexcept {
  return code >> low & ((1U << width) - 1);
}
constexpr std::intptr_t signed_field(std::uint32_t code, unsigned low, unsigned width) noexcept {
  return static_cast<std::int32_t>(code << (32 - low - width)) >> (32 - width);
}
/// The number in BRK, HLT, SVC and in MOVZ and MOVK.
constexpr unsigned immediate_16(std::uint32_t code) noexcept { return field(code, 5, 16); }

constexpr bool is_call(std::uint32_t code) noexcept {
  return bl.matches(code) || blr.matches(code) || blr_authenticated.matches(code);
}

/// Through a register. A return through another one than x30 is a jump: what must not arrive at a `bti` leaves by it.
constexpr bool is_indirect_jump(std::uint32_t code) noexcept {
  constexpr unsigned link_register = 30;
  return br.matches(code) || br_authenticated.matches(code) || (ret.matches(code) && rn(code) != link_register);
}

constexpr bool is_conditional_branch(std::uint32_t code) noexcept {
  return b_cond.matches(code) || cbz_cbnz.matches(code) || tbz_tbnz.matches(code);
}

/// Whether the next instruction runs after this one, unless a function that it calls comes back.
constexpr bool goes_on(std::uint32_t code) noexcept {
  return !(b.matches(code) || is_indirect_jump(code) || ret.matches(code) || ret_authenticated.matches(code) ||
           is_call(code) || brk.matches(code) || hlt.matches(code) || udf.matches(code));
}

/// What a program may not do, by its name, if this is what an illegal instruction was.
constexpr const char *privileged_name(std::uint32_t code) noexcept {
  if (hlt.matches(code)) return "hlt";
  if (hvc.matches(code)) return "hvc";
  if (smc.matches(code)) return "smc";
  if (eret.matches(code)) return "eret";
  if (mrs.matches(code)) return "mrs of a system register";
  if (msr_register.matches(code) || msr_immediate.matches(code)) return "msr of a system register";
  if (!sys.matches(code)) return nullptr;
  if (sys_tlbi.matches(code)) return "tlbi";
  if (sys_at.matches(code)) return "at";
  return field(code, 12, 4) == 7 ? "cache maintenance" : nullptr;
}

// Pointer authentication that is nothing else, in its two forms: those of hints, and of any register
constexpr encoding aut_1716{0xffffffbf, 0xd503219f};      // AUTIA1716, AUTIB1716
constexpr encoding aut_x30{0xffffff9f, 0xd503239f};       // AUTIAZ, AUTIASP, AUTIBZ, AUTIBSP
constexpr encoding aut_register{0xffffd000, 0xdac11000};  // AUTIA, AUTIB, AUTDA, AUTDB, and with a zero modifier
constexpr encoding load_authenticated{0xff200400, 0xf8200400};

/// Whether it checks the signature of a pointer.
constexpr bool authenticates(std::uint32_t code) noexcept {
  return aut_1716.matches(code) || aut_x30.matches(code) || aut_register.matches(code) ||
         load_authenticated.matches(code) || br_authenticated.matches(code) || blr_authenticated.matches(code) ||
         ret_authenticated.matches(code);
}

constexpr std::uintptr_t plus_words(std::uintptr_t at, std::intptr_t words) noexcept {
  return at + static_cast<std::uintptr_t>(words * 4);
}

/// Where a call or jump at `at` goes to that says so itself; `at` for all others.
constexpr std::uintptr_t branch_target(std::uintptr_t at, std::uint32_t code) noexcept {
  if (b.matches(code) || bl.matches(code)) return plus_words(at, signed_field(code, 0, 26));
  if (b_cond.matches(code) || cbz_cbnz.matches(code)) return plus_words(at, signed_field(code, 5, 19));
  if (tbz_tbnz.matches(code)) return plus_words(at, signed_field(code, 5, 14));
  return at;
}

/// What ADR and ADRP put into their register.
constexpr std::uintptr_t relative_address(std::uintptr_t at, std::uint32_t code) noexcept {
  const auto distance =
      static_cast<std::uintptr_t>(signed_field(code, 5, 19) * 4 + static_cast<std::intptr_t>(field(code, 29, 2)));
  return adrp.matches(code) ? (at & ~std::uintptr_t{0xfff}) + (distance << 12) : at + distance;
}

/// What an LDR (literal) reads from.
constexpr std::uintptr_t literal_address(std::uintptr_t at, std::uint32_t code) noexcept {
  return plus_words(at, signed_field(code, 5, 19));
}

}  // namespace detail::arch::a64
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_AARCH64_OPCODES_HPP
