// SPDX-License-Identifier: BSL-1.0
/// @file operand.hpp
/// What the faulting instruction wanted: for a general protection fault and an alignment check the kernel gives no
/// address and no reason. Encodings are those of the Intel SDM, volume 2. Every read is one that may fail.
/// Async-signal-safe.
#ifndef CGO_GUARD_ARCH_X86_64_OPERAND_HPP
#define CGO_GUARD_ARCH_X86_64_OPERAND_HPP

#include "../which.hpp"

#if defined(CGO_GUARD_ARCH_IS_X86_64)
#include "code.hpp"
#include "memory.hpp"
#include "thread.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

/// As far as a fault needs to be explained. All zero where the code can't be read, or is none that is known here.
struct wanted {
  const char *privileged;  ///< the name of an instruction that a program may not use, or nullptr
  bool has_address;        ///< of memory, or where control was to go
  bool writes;
  bool goes_there;  ///< a call or a jump
  bool returns_there;
  unsigned alignment;  ///< that the instruction insists on, or 0
  std::uintptr_t address;
};

/// The code at an address: 15 bytes at most are an instruction. Read in aligned words, none of which is in two pages.
class code_bytes {
 public:
  explicit code_bytes(std::uintptr_t pc) noexcept {
    for (std::uintptr_t at = pc & ~std::uintptr_t{7}; at < pc + sizeof byte_; at += 8) {
      std::uintptr_t word = 0;
      if (cgo_guard_v1_load(at, &word) == 0) return;
      for (unsigned i = 0; i < 8; ++i) {
        if (at + i >= pc && size_ < sizeof byte_) byte_[size_++] = static_cast<unsigned char>(word >> 8 * i);
      }
    }
  }

  /// 0 behind the end, where ok() is false.
  unsigned peek() const noexcept { return at_ < size_ ? byte_[at_] : 0; }
  unsigned take() noexcept {
    const unsigned byte = peek();
    ++at_;
    return byte;
  }
  std::intptr_t take_signed(unsigned bytes) noexcept {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < bytes; ++i) value |= take() << 8 * i;
    return bytes == 1 ? std::intptr_t{static_cast<std::int8_t>(value)}
                      : std::intptr_t{static_cast<std::int32_t>(value)};
  }
  std::size_t taken() const noexcept { return at_; }
  bool ok() const noexcept { return at_ <= size_; }

 private:
  unsigned char byte_[15] = {};
  std::size_t size_ = 0, at_ = 0;
};

/// An instruction in front of its operand.
struct instruction {
  unsigned map = 0;  ///< 0 one byte, 1 behind 0F, 2 behind 0F 38, 3 behind 0F 3A
  unsigned code = 0;
  bool wide = false, index_high = false, base_high = false;  ///< REX.W, REX.X, REX.B, or what VEX and EVEX have of them
  bool operand_16 = false, repeated = false, address_32 = false;
  bool vector = false,
       scaled = false;  ///< VEX or EVEX; EVEX, whose displacement of one byte is in units of its operand
  unsigned vector_bytes = 16;
  unsigned segment = 0;  ///< prefix::fs or prefix::gs
};

inline void read_legacy_prefixes(code_bytes &code, instruction &op) noexcept {
  for (;; code.take()) {
    switch (code.peek()) {
      case prefix::operand_size: op.operand_16 = true; break;
      case prefix::address_size: op.address_32 = true; break;
      case prefix::repne:
      case prefix::rep: op.repeated = true; break;
      case prefix::fs:
      case prefix::gs: op.segment = code.peek(); break;
      case prefix::cs:
      case prefix::ss:
      case prefix::ds:
      case prefix::es:
      case prefix::lock: break;
      default: return;
    }
  }
}

/// VEX and EVEX say what prefixes and escapes say, in other bits (SDM 2A, 2.3.5 and 2.7.1).
inline void read_vector_prefix(unsigned first, code_bytes &code, instruction &op) noexcept {
  op.vector = true;
  unsigned pp = code.take();
  op.map = 1;
  if (first != prefix::vex_of_2_bytes) {  // X and B are inverted
    op.map = pp & 3;
    op.index_high = (pp & 0x40) == 0;
    op.base_high = (pp & 0x20) == 0;
    pp = code.take();
    op.wide = (pp & 0x80) != 0;
  }
  op.operand_16 = (pp & 3) == 1;
  op.repeated = (pp & 3) > 1;
  op.vector_bytes = (pp & 4) != 0 ? 32 : 16;
  if (first == prefix::evex) {
    op.scaled = true;
    op.vector_bytes = 16U << (code.take() >> 5 & 3);
  }
  op.code = code.take();
}

inline instruction read_opcode(code_bytes &code) noexcept {
  instruction op;
  read_legacy_prefixes(code, op);
  if ((code.peek() & prefix::rex_mask) == prefix::rex) {
    const unsigned rex = code.take();
    op.wide = (rex & prefix::rex_w) != 0;
    op.index_high = (rex & prefix::rex_x) != 0;
    op.base_high = (rex & prefix::rex_b) != 0;
  }
  op.code = code.take();
  if (op.code == prefix::vex_of_2_bytes || op.code == prefix::vex_of_3_bytes || op.code == prefix::evex) {
    read_vector_prefix(op.code, code, op);
    return op;
  }
  if (op.code != opcode::two_bytes) return op;
  op.map = 1;
  op.code = code.take();
  if (op.code != opcode::map_0f38 && op.code != opcode::map_0f3a) return op;
  op.map = op.code == opcode::map_0f38 ? 2 : 3;
  op.code = code.take();
  return op;
}

/// Whether a ModR/M byte follows, which names the operand.
inline bool has_modrm(const instruction &op) noexcept {
  const unsigned c = op.code;
  if (op.map >= 2) return true;
  if (op.map == 1) {
    return !((c >= 0x04 && c <= 0x0c) || (c >= 0x30 && c <= 0x37) || c == 0x77 || (c & 0xf0) == 0x80 ||
             (c >= 0xa0 && c <= 0xa2) || (c >= 0xa8 && c <= 0xaa) || (c >= 0xc8 && c <= 0xcf));
  }
  return (c < 0x40 && (c & 7) < 4) || c == 0x63 || c == 0x69 || c == 0x6b || (c & 0xf0) == 0x80 || c == 0xc0 ||
         c == 0xc1 || c == 0xc6 || c == 0xc7 || (c >= 0xd0 && c <= 0xd3) || (c >= 0xd8 && c <= 0xdf) || c == 0xf6 ||
         c == 0xf7 || c >= 0xfe;
}

/// The bytes behind the operand, which an address relative to the next instruction has to count.
inline unsigned immediate_size(const instruction &op, unsigned reg) noexcept {
  const unsigned c = op.code, full = op.operand_16 ? 2 : 4;
  if (op.map == 3) return 1;
  if (op.map == 2) return 0;
  if (op.map == 1) {
    return (c >= 0x70 && c <= 0x73) || c == 0xa4 || c == 0xac || c == 0xba || c == 0xc2 || (c >= 0xc4 && c <= 0xc6);
  }
  if (c == 0x69 || c == 0x81 || c == 0xc7 || (c == 0xf7 && reg < 2)) return full;
  return c == 0x6b || c == 0x80 || c == 0x83 || c == 0xc0 || c == 0xc1 || c == 0xc6 || (c == 0xf6 && reg < 2);
}

/// Whether the operand in memory is written to. What reads and writes counts as writing.
inline bool writes_operand(const instruction &op, unsigned reg) noexcept {
  const unsigned c = op.code;
  if (op.map >= 2) return false;
  if (op.map == 1) {
    return c == 0x11 || c == 0x13 || c == 0x17 || c == 0x29 || c == 0x2b || c == 0x7f || c == 0xd6 || c == 0xe7 ||
           c == 0xc3 || (c == 0x7e && !op.repeated) || (c & 0xf0) == 0x90 || c == 0xab || c == 0xb0 || c == 0xb1 ||
           c == 0xb3 || c == 0xbb || (c == 0xba && reg > 4) || c == 0xc0 || c == 0xc1 || c == 0xc7 ||
           (c == opcode::group_15 && (reg == 0 || reg == 3 || reg == 4 || reg == 6));
  }
  if (c < 0x38) return (c & 7) < 2;
  if (c >= 0x80 && c <= 0x83) return reg != 7;
  if (c == 0xf6 || c == 0xf7) return reg == 2 || reg == 3;
  if (c >= 0xd8 && c <= 0xdf) return (c & 1) != 0 && reg >= 2 && !(c == 0xd9 && reg == 5);
  return c == 0x86 || c == 0x87 || c == 0x88 || c == 0x89 || c == 0x8c || c == 0x8f || c == 0xc0 || c == 0xc1 ||
         c == 0xc6 || c == 0xc7 || (c >= 0xd0 && c <= 0xd3) || c >= 0xfe;
}

/// What the address of the operand must be a multiple of, whatever the alignment check flag says; 0 for nothing. SSE in
/// its old encoding insists on 16 but for the moves that are made for unaligned data and the parts of a register.
inline unsigned alignment_of(const instruction &op, unsigned reg) noexcept {
  const unsigned c = op.code;
  if (op.map == 0 || op.repeated) return 0;
  const bool aligned_move = (op.map == 1 && (c == 0x28 || c == 0x29 || c == 0x2b || c == 0xe7 ||
                                             (op.operand_16 && (c == 0x6f || c == 0x7f)))) ||
                            (op.map == 2 && c == 0x2a);
  if (op.vector) return aligned_move ? op.vector_bytes : 0;
  if (aligned_move) return 16;
  if (op.map == 1 && c == opcode::group_9)
    return reg == 1 && op.wide ? 16 : reg >= 3 && reg <= 5 ? 64 : 0;                              // cmpxchg16b, xsavec
  if (op.map == 1 && c == opcode::group_15) return reg < 2 ? 16 : reg >= 4 && reg <= 6 ? 64 : 0;  // fxsave, xsave
  if (op.map >= 2) return op.operand_16 && c != 0x14 && c != 0x15 && c != 0x16 && c != 0x20 && c != 0x21 ? 16 : 0;
  if (c == 0x14 || c == 0x15 || (c >= 0x51 && c <= 0x59) || (c >= 0x5c && c <= 0x5f) || c == 0xc2 || c == 0xc6)
    return 16;
  const bool packed_integers = (c >= 0x60 && c <= 0x6d) || (c >= 0x74 && c <= 0x76) ||
                               (c >= 0xd0 && c != 0xd6 && c != 0xd7 && c != 0xf0 && c != 0xf7 && c != 0xff);
  return op.operand_16 && packed_integers ? 16 : 0;
}

/// Of those behind 0F, by the name of what a program may not do.
inline const char *privileged_system_name(unsigned c, unsigned modrm) noexcept {
  const unsigned reg = modrm >> 3 & 7;
  static constexpr const char *tables[8] = {"sgdt", "sidt", "lgdt", "lidt", "smsw", nullptr, "lmsw", "invlpg"};
  static constexpr const char *selectors[8] = {"sldt", "str", "lldt", "ltr"};
  switch (c) {
    case 0x00: return selectors[reg];
    case 0x01:
      if (modrm >> 6 != 3 || reg == 4 || reg == 6) return tables[reg];
      return modrm == 0xf8 ? "swapgs" : modrm == 0xd1 ? "xsetbv" : nullptr;
    case 0x06: return "clts";
    case 0x07: return "sysret";
    case 0x08: return "invd";
    case 0x09: return "wbinvd";
    case 0x20:
    case 0x22: return "mov of a control register";
    case 0x21:
    case 0x23: return "mov of a debug register";
    case 0x30: return "wrmsr";
    case 0x31: return "rdtsc";
    case 0x32: return "rdmsr";
    case 0x33: return "rdpmc";
    case 0x35: return "sysexit";
    default: return nullptr;
  }
}

/// What a program may not do: reach devices, stop the processor, change its tables.
inline const char *privileged_name(const instruction &op, unsigned modrm) noexcept {
  if (op.vector || op.map > 1) return nullptr;
  if (op.map == 1) return privileged_system_name(op.code, modrm);
  switch (op.code) {
    case 0x6c:
    case 0x6d: return "ins";
    case 0x6e:
    case 0x6f: return "outs";
    case 0xcd: return "int";
    case 0xcf: return "iret";
    case 0xe4:
    case 0xe5:
    case 0xec:
    case 0xed: return "in";
    case 0xe6:
    case 0xe7:
    case 0xee:
    case 0xef: return "out";
    case 0xf4: return "hlt";
    case 0xfa: return "cli";
    case 0xfb: return "sti";
    default: return nullptr;
  }
}

/// A register by its number in an encoding.
inline std::uintptr_t encoded_register(const registers &r, unsigned encoded) noexcept {
  using namespace number;
  constexpr int in_encodings[8] = {rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi};
  return r.value[encoded < 8 ? in_encodings[encoded] : static_cast<int>(encoded)];
}

/// The address that a ModR/M byte and what follows it name. @return false where it can't be computed here.
inline bool read_address(const registers &r, const instruction &op, unsigned modrm, code_bytes &code,
                         std::uintptr_t &out) noexcept {
  const unsigned mode = modrm >> 6, rm = modrm & 7;
  std::uintptr_t address = 0;
  bool relative = false;
  unsigned displacement = mode == 1 ? 1 : mode == 2 ? 4 : 0;
  if (rm == 4) {
    const unsigned sib = code.take(), index = (sib >> 3 & 7) | (op.index_high ? 8U : 0U), base = sib & 7;
    if (index != 4) address += encoded_register(r, index) << (sib >> 6);
    if (mode == 0 && base == 5) {
      displacement = 4;
    } else {
      address += encoded_register(r, base | (op.base_high ? 8U : 0U));
    }
  } else if (mode == 0 && rm == 5) {
    relative = true;
    displacement = 4;
  } else {
    address = encoded_register(r, rm | (op.base_high ? 8U : 0U));
  }
  if (displacement != 0) {
    const std::intptr_t distance = code.take_signed(displacement);
    const std::intptr_t unit = op.scaled && displacement == 1 ? static_cast<std::intptr_t>(op.vector_bytes) : 1;
    address += static_cast<std::uintptr_t>(distance * unit);
  }
  if (relative) address += r.pc() + code.taken() + immediate_size(op, modrm >> 3 & 7);
  if (op.address_32) address &= 0xffffffff;
  if (op.segment == prefix::fs) address += thread_pointer();
  out = address;
  return code.ok() && op.segment != prefix::gs;  // only the kernel knows it
}

/// The operands that have no ModR/M byte.
inline void read_implied_operand(const registers &r, const instruction &op, code_bytes &code, wanted &out) noexcept {
  constexpr unsigned rsi = 6, rdi = 7;  // in encodings
  const unsigned c = op.code;
  if (op.map != 0) return;
  if (c >= 0xa0 && c <= 0xa3) {  // mov with the whole address behind it
    for (unsigned i = 0; i < 8; ++i) out.address |= std::uintptr_t{code.take()} << 8 * i;
    out.has_address = code.ok() && op.segment == 0 && !op.address_32;
    out.writes = c >= 0xa2;
  } else if (c == opcode::ret || c == opcode::ret_imm16) {
    out.returns_there = cgo_guard_v1_load(r.sp(), &out.address) != 0;
    out.has_address = true;
    if (!out.returns_there) out.address = r.sp();
  } else if ((c >= 0xa4 && c <= 0xa7) || (c >= 0xaa && c <= 0xaf)) {  // movs, cmps, stos, lods, scas
    const std::uintptr_t source = encoded_register(r, rsi), target = encoded_register(r, rdi);
    const bool has_source = c <= 0xa7 || c == 0xac || c == 0xad, has_target = c != 0xac && c != 0xad;
    const bool at_target = has_target && (!has_source || is_canonical(source));
    out.has_address = true;
    out.address = at_target ? target : source;
    out.writes = at_target && (c == 0xa4 || c == 0xa5 || c == 0xaa || c == 0xab);
  } else if ((c & 0xf0) == opcode::push_pop || c == opcode::push_imm32 || c == opcode::push_imm8 ||
             c == opcode::call_rel32) {
    out.has_address = true;
    out.writes = (c & 0xf8) != 0x58;
    out.address = out.writes ? r.sp() - sizeof(std::uintptr_t) : r.sp();
  } else if (c == opcode::leave) {
    out.has_address = true;
    out.address = r.value[frame_register];
  }
}

/// What the instruction at r.pc() would have done with these registers.
inline wanted read_wanted(const registers &r) noexcept {
  wanted out{};
  code_bytes code(r.pc());
  const instruction op = read_opcode(code);
  if (!code.ok()) return out;
  out.privileged = privileged_name(op, code.peek());
  if (!has_modrm(op)) {
    read_implied_operand(r, op, code, out);
    return out;
  }
  const unsigned modrm = code.take(), reg = modrm >> 3 & 7;
  if (!code.ok() || (op.map == 2 && op.code >= 0x90 && op.code <= 0x93)) return out;  // a gather has many addresses
  const bool through_pointer =
      op.map == 0 && op.code == opcode::group_5 && (reg == opcode::group_5_call || reg == opcode::group_5_jmp);
  if (modrm >> 6 == 3) {
    if (!through_pointer) return out;
    out.address = encoded_register(r, (modrm & 7) | (op.base_high ? 8U : 0U));
    out.has_address = out.goes_there = true;
    return out;
  }
  out.has_address = read_address(r, op, modrm, code, out.address);
  if (!out.has_address) return out;
  if (through_pointer && is_canonical(out.address)) {
    out.goes_there = true;
    out.has_address = cgo_guard_v1_load(out.address, &out.address) != 0;
    return out;
  }
  out.writes = !through_pointer && writes_operand(op, reg);
  out.alignment = alignment_of(op, reg);
  return out;
}

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_IS_X86_64

#endif  // CGO_GUARD_ARCH_X86_64_OPERAND_HPP
