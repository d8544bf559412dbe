// SPDX-License-Identifier: BSL-1.0
/// @file memory_access.hpp
/// What an instruction does with memory: reads or writes, where, and on what alignment it insists. By the classes of
/// the Arm Architecture Reference Manual (DDI 0487, C4.1, "Loads and Stores"; SVE and SME too). No memory is read here,
/// and any processor can compile it: so any machine can test it.
#ifndef CGO_GUARD_ARCH_AARCH64_MEMORY_ACCESS_HPP
#define CGO_GUARD_ARCH_AARCH64_MEMORY_ACCESS_HPP

#include "opcodes.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch::a64 {

struct memory_access {
  bool exists;  ///< the rest says nothing without
  bool writes;  ///< also where it reads as well: a page that can't be written stops those too
  bool has_address;
  bool by_immediate;   ///< the address is a register and a constant
  unsigned base;       ///< the number of that register, 31 for sp
  unsigned alignment;  ///< that the instruction insists on, or 0
  std::uintptr_t address;
};

// The bits that all of these have in the same place.
constexpr bool is_vector(std::uint32_t code) noexcept { return field(code, 26, 1) != 0; }
constexpr bool is_load(std::uint32_t code) noexcept { return field(code, 22, 1) != 0; }
constexpr unsigned size_of(std::uint32_t code) noexcept { return field(code, 30, 2); }  // as a power of two

/// Reads one instruction. @tparam Registers what x(number) gives a register by its number, and sp as number 31.
template <class Registers>
class memory_access_reader {
 public:
  constexpr memory_access_reader(std::uint32_t code, std::uintptr_t pc, const Registers &x) noexcept
      : code_(code), pc_(pc), x_(x) {}

  constexpr memory_access read() const noexcept {
    if (is_scalable()) return somewhere(scalable_writes());
    if (is_cache_maintenance()) return cache_maintenance();
    if ((code_ & 0x0a000000) != 0x08000000) return {};  // bits 28 to 25 of all loads and stores are x1x0
    switch (field(code_, 28, 2)) {
      case 0: return is_vector(code_) ? structures() : exclusive();
      case 1: return field(code_, 24, 1) == 0 ? literal() : ordered_or_tags();
      case 2: return pair();
      default: return single();
    }
  }

 private:
  constexpr std::uintptr_t base() const noexcept { return x_(rn(code_)); }

  /// At the base register and a distance.
  constexpr memory_access at(std::intptr_t distance, bool writes, unsigned alignment = 0) const noexcept {
    return {true, writes, true, true, rn(code_), alignment, base() + static_cast<std::uintptr_t>(distance)};
  }
  /// Where can't be said here.
  static constexpr memory_access somewhere(bool writes) noexcept { return {true, writes, false, false, 0, 0, 0}; }

  /// SVE loads and stores (bits 31, 28 to 25 are 1, 0010), and those of SME (bits 31 to 25 are 1010000 and 1110000).
  constexpr bool is_scalable() const noexcept {
    return (code_ & 0x9e000000) == 0x84000000 || (code_ & 0xbe000000) == 0xa0000000;
  }
  constexpr bool scalable_writes() const noexcept {
    const bool of_sme = (code_ & 0x1e000000) == 0;
    return of_sme ? field(code_, 21, 1) != 0 : field(code_, 29, 2) == 3;
  }

  /// SYS with op1 3 and CRn 7: those of DC and IC that a program may use. DC ZVA and its like for tags write a block;
  /// the others only ask for the right to read.
  constexpr bool is_cache_maintenance() const noexcept { return (code_ & 0xfffff000) == 0xd50b7000; }
  constexpr memory_access cache_maintenance() const noexcept {
    const bool writes = field(code_, 8, 4) == 4;
    return {true, writes, true, false, rt(code_), 0, rt(code_) == sp_or_zero ? 0 : x_(rt(code_))};
  }

  /// LD1 to LD4, ST1 to ST4 and kin: at the base register, whatever is added to it behind.
  constexpr memory_access structures() const noexcept { return at(0, !is_load(code_)); }

  /// Exclusive and ordered accesses, compare and swap. All insist on alignment; processors with FEAT_LSE2 on less.
  constexpr memory_access exclusive() const noexcept {
    const bool ordered = field(code_, 23, 1) != 0, second = field(code_, 21, 1) != 0;
    const bool swaps_pair = second && !ordered && field(code_, 31, 1) == 0;  // CASP: its size is in bit 30
    const bool swaps = second && ordered;                                    // CAS
    if (swaps_pair) return at(0, true, 8U << field(code_, 30, 1));
    const bool of_two = second && !ordered;  // LDXP, STXP
    return at(0, swaps || !is_load(code_), (1U << size_of(code_)) << (of_two ? 1 : 0));
  }

  constexpr memory_access literal() const noexcept {
    if (size_of(code_) == 3 && !is_vector(code_)) return {};  // PRFM, which never faults
    return {true, false, true, false, 0, 0, literal_address(pc_, code_)};
  }

  /// Those that came later, in the rooms that were left beside the literals: LDAPR and STLR with an offset, in pairs
  /// and of vectors; memory tags; atomics of 128 bits; MOPS.
  constexpr memory_access ordered_or_tags() const noexcept {
    const unsigned form = field(code_, 10, 2);
    const bool bit_21 = field(code_, 21, 1) != 0;
    if (size_of(code_) == 3 && bit_21) return tags(form);
    if (size_of(code_) == 0 && !bit_21 && form == 1) return somewhere(true);  // CPY and SET: which of two is not said
    if (bit_21) return at(0, true, form == 0 ? 16 : 0);
    if (is_vector(code_)) return at(signed_field(code_, 12, 9), !is_load(code_));
    if (form == 2) return ordered_pair();
    const bool stores = field(code_, 22, 2) == 0;
    return at(form == 0 ? signed_field(code_, 12, 9) : 0, stores, 1U << size_of(code_));
  }
  /// LDIAPP and STILP of two words or doublewords, of which those that write back store below the base.
  constexpr memory_access ordered_pair() const noexcept {
    const std::intptr_t bytes = size_of(code_) == 3 ? 16 : 8;
    const bool writes_back = field(code_, 12, 4) == 0;
    return at(writes_back && !is_load(code_) ? -bytes : 0, !is_load(code_), static_cast<unsigned>(bytes));
  }
  /// STG and kin, in units of 16 bytes; the ones for whole blocks have no offset. LDG alone, and LDGM, read.
  constexpr memory_access tags(unsigned form) const noexcept {
    constexpr std::intptr_t granule = 16;
    const unsigned opc = field(code_, 22, 2);
    const bool reads = form == 0 && (opc == 1 || opc == 3), whole_blocks = form == 0 && opc != 1;
    const bool post_index = form == 1;
    const std::intptr_t distance = whole_blocks || post_index ? 0 : signed_field(code_, 12, 9) * granule;
    return at(distance, !reads, reads ? 0 : static_cast<unsigned>(granule));
  }

  /// LDP, STP, LDPSW, STGP: the offset is in units of what is loaded or stored.
  constexpr memory_access pair() const noexcept {
    const unsigned opc = size_of(code_);
    const bool with_tags = !is_vector(code_) && opc == 1 && !is_load(code_);  // STGP
    const unsigned scale = is_vector(code_) ? (opc == 3 ? 4 : 2 + opc) : with_tags ? 4 : opc < 2 ? 2 : 3;
    const bool post_index = field(code_, 23, 2) == 1;
    const std::intptr_t distance = post_index ? 0 : signed_field(code_, 15, 7) * (std::intptr_t{1} << scale);
    return at(distance, !is_load(code_), with_tags ? 16 : 0);
  }

  /// One register, in every way of forming an address.
  constexpr memory_access single() const noexcept {
    const unsigned form = field(code_, 10, 2);
    const bool unsigned_offset = field(code_, 24, 1) != 0, bit_21 = field(code_, 21, 1) != 0;
    if (!unsigned_offset && bit_21 && form == 0) return atomic();
    if (!unsigned_offset && bit_21 && (form & 1) != 0) return somewhere(false);  // LDRAA, LDRAB: of a signed pointer
    const unsigned opc = field(code_, 22, 2);
    if (!is_vector(code_) && size_of(code_) == 3 && opc == 2) return {};  // PRFM
    const bool writes = is_vector(code_) ? (opc & 1) == 0 : opc == 0;
    const unsigned scale = is_vector(code_) && opc >= 2 ? 4 : size_of(code_);
    if (unsigned_offset) return at(static_cast<std::intptr_t>(field(code_, 10, 12)) << scale, writes);
    if (bit_21) return at_register_offset(scale, writes);
    const bool post_index = form == 1;
    return at(post_index ? 0 : signed_field(code_, 12, 9), writes);
  }

  /// LDADD, SWP and kin, which read and write; and those that share their room: LDAPR, LD64B and the ST64B family.
  constexpr memory_access atomic() const noexcept {
    const bool o3 = field(code_, 15, 1) != 0;
    const unsigned opc = field(code_, 12, 3);
    const bool of_64_bytes = !is_vector(code_) && o3 && size_of(code_) == 3 && opc != 0 && opc != 4;
    const bool only_reads = !is_vector(code_) && o3 && (opc == 4 || (of_64_bytes && opc == 5));
    return at(0, !only_reads, of_64_bytes ? 64 : 1U << size_of(code_));
  }

  constexpr memory_access at_register_offset(unsigned scale, bool writes) const noexcept {
    constexpr unsigned uxtw = 2, sxtw = 6;
    const unsigned option = field(code_, 13, 3);
    std::uintptr_t offset = rm(code_) == sp_or_zero ? 0 : x_(rm(code_));
    if (option == uxtw) offset = static_cast<std::uint32_t>(offset);
    if (option == sxtw) offset = static_cast<std::uintptr_t>(std::intptr_t{static_cast<std::int32_t>(offset)});
    memory_access out = at(0, writes);
    out.by_immediate = false;
    out.address += offset << (field(code_, 12, 1) != 0 ? scale : 0);
    return out;
  }

  std::uint32_t code_;
  std::uintptr_t pc_;
  const Registers &x_;
};

template <class Registers>
constexpr memory_access read_memory_access(std::uint32_t code, std::uintptr_t pc, const Registers &x) noexcept {
  return memory_access_reader<Registers>(code, pc, x).read();
}

}  // namespace detail::arch::a64
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_AARCH64_MEMORY_ACCESS_HPP
