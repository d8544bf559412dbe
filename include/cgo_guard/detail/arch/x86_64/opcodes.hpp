// SPDX-License-Identifier: BSL-1.0
/// @file opcodes.hpp
/// The instructions that are looked for by themselves, and what may stand in front of any, under the names of Intel's
/// manual (SDM 2, appendix A). Numbers of several bytes have the first in memory as their lowest.
#ifndef CGO_GUARD_ARCH_X86_64_OPCODES_HPP
#define CGO_GUARD_ARCH_X86_64_OPCODES_HPP

#include "../../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

namespace prefix {
enum : unsigned {
  operand_size = 0x66,
  address_size = 0x67,
  repne = 0xf2,
  rep = 0xf3,
  lock = 0xf0,
  cs = 0x2e,
  ss = 0x36,
  ds = 0x3e,
  es = 0x26,
  fs = 0x64,
  gs = 0x65,
  rex = 0x40,  // to 0x4f
  rex_mask = 0xf0,
  rex_w = 8,
  rex_x = 2,
  rex_b = 1,
  vex_of_2_bytes = 0xc5,
  vex_of_3_bytes = 0xc4,
  evex = 0x62
};
}  // namespace prefix

namespace opcode {
enum : unsigned {
  two_bytes = 0x0f,  // another byte follows, and a third where that is one of these
  map_0f38 = 0x38,
  map_0f3a = 0x3a,

  push_imm32 = 0x68,
  push_imm8 = 0x6a,
  push_pop = 0x50,  // to 0x5f, the upper half pop
  jcc_rel8 = 0x70,  // to 0x7f
  mov_store = 0x89,
  ret_imm16 = 0xc2,
  ret = 0xc3,
  leave = 0xc9,
  int3 = 0xcc,
  call_rel32 = 0xe8,
  jmp_rel32 = 0xe9,
  jmp_rel8 = 0xeb,
  group_5 = 0xff,  // which of it is in the ModR/M byte
  group_5_call = 2,
  group_5_jmp = 4,

  group_9 = 0xc7,   // behind 0F: cmpxchg16b and kin
  group_15 = 0xae,  // behind 0F: fxsave and kin

  ud2 = 0x0b0f,
  ud1 = 0xb90f,
  ud0 = 0xff0f,
  ud1_addr32 = 0xb90f67,
  jcc_rel32 = 0x800f,  // to 0x8f0f
  jcc_rel32_mask = 0xf0ff,
  call_slot_rip = 0x15ff,  // call *slot(%rip)
  jmp_slot_rip = 0x25ff,
  endbr64 = 0xfa1e0ff3
};
}  // namespace opcode

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_X86_64_OPCODES_HPP
