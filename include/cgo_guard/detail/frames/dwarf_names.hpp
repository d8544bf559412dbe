// SPDX-License-Identifier: BSL-1.0
/// @file dwarf_names.hpp
/// The numbers of the unwind tables under the names that their standards give them.
#ifndef CGO_GUARD_DWARF_NAMES_HPP
#define CGO_GUARD_DWARF_NAMES_HPP

#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// DW_EH_PE: how a pointer is written (Linux Standard Base 5, 10.5.1). Format, what it is relative to, and one bit.
namespace pointer_encoding {
enum : unsigned char {
  absolute_pointer = 0x00,
  uleb128 = 0x01,
  udata2 = 0x02,
  udata4 = 0x03,
  udata8 = 0x04,
  sleb128 = 0x09,
  sdata2 = 0x0a,
  sdata4 = 0x0b,
  sdata8 = 0x0c,
  format_mask = 0x0f,
  relative_to_here = 0x10,
  relative_to_data = 0x30,
  aligned = 0x50,
  base_mask = 0x70,
  indirect = 0x80,
  omitted = 0xff
};
}  // namespace pointer_encoding

/// DW_CFA: call frame instructions (DWARF 5, 7.24). The first three have an operand in their low six bits.
namespace frame_op {
enum : unsigned char {
  advance_loc = 0x40,
  offset = 0x80,
  restore = 0xc0,
  primary_mask = 0xc0,
  primary_operand = 0x3f,
  nop = 0x00,
  set_loc = 0x01,
  advance_loc1 = 0x02,
  advance_loc2 = 0x03,
  advance_loc4 = 0x04,
  offset_extended = 0x05,
  restore_extended = 0x06,
  undefined = 0x07,
  same_value = 0x08,
  in_register = 0x09,
  remember_state = 0x0a,
  restore_state = 0x0b,
  def_cfa = 0x0c,
  def_cfa_register = 0x0d,
  def_cfa_offset = 0x0e,
  def_cfa_expression = 0x0f,
  expression = 0x10,
  offset_extended_sf = 0x11,
  def_cfa_sf = 0x12,
  def_cfa_offset_sf = 0x13,
  val_offset = 0x14,
  val_offset_sf = 0x15,
  val_expression = 0x16,
  gnu_args_size = 0x2e,                // what a landing pad expects to be popped (LSB 5, 10.6.1.4)
  gnu_negative_offset_extended = 0x2f  // likewise
};
}  // namespace frame_op

/// DW_OP: operations of expressions (DWARF 5, 7.7.1).
namespace expression_op {
enum : unsigned char {
  deref = 0x06,
  const1u = 0x08,
  const1s = 0x09,
  const2u = 0x0a,
  const2s = 0x0b,
  const4u = 0x0c,
  const4s = 0x0d,
  const8u = 0x0e,
  constu = 0x10,
  consts = 0x11,
  dup = 0x12,
  drop = 0x13,
  swap = 0x16,
  and_ = 0x1a,
  minus = 0x1c,
  mul = 0x1e,
  neg = 0x1f,
  not_ = 0x20,
  or_ = 0x21,
  plus = 0x22,
  plus_uconst = 0x23,
  shl = 0x24,
  shr = 0x25,
  xor_ = 0x27,
  eq = 0x29,
  ge = 0x2a,
  gt = 0x2b,
  le = 0x2c,
  lt = 0x2d,
  ne = 0x2e,
  lit0 = 0x30,
  lit31 = 0x4f,
  breg0 = 0x70,
  breg31 = 0x8f
};
}  // namespace expression_op

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_DWARF_NAMES_HPP
