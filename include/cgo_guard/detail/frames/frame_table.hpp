// SPDX-License-Identifier: BSL-1.0
/// @file frame_table.hpp
/// From a program counter to its frame description: which module, which FDE, and what the CIE says of it.
/// Async-signal-safe: no lock, no allocation (as far as libc::find_eh_frame_hdr is).
#ifndef CGO_GUARD_FRAME_TABLE_HPP
#define CGO_GUARD_FRAME_TABLE_HPP

#include "../runtime/libc.hpp"
#include "dwarf.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// One FDE with what its CIE adds.
struct frame_description {
  std::uintptr_t begin = 0, end = 0;  ///< the code it describes
  std::uintptr_t personality = 0;     ///< 0 for none
  std::uintptr_t lsda = 0;            ///< language-specific data, 0 for none
  bool signal_frame = false;
  std::uint64_t code_align = 1;
  std::int64_t data_align = 1;
  unsigned return_register = 0;
  unsigned char pointer_encoding = 0;
  const unsigned char *cie_program = nullptr, *cie_program_end = nullptr;
  const unsigned char *program = nullptr, *program_end = nullptr;
};

/// What a CIE says beside its rules.
struct common_facts {
  bool augmented;  ///< its FDEs have a part of a size that they say
  unsigned char lsda_encoding;
};

/// Where something of `length` ends that begins here.
inline const unsigned char *end_of(table_reader at, std::uint64_t length) noexcept {
  at.skip(length);
  return at.at();
}

/// An augmentation string: what a CIE and its FDEs have beside DWARF's own fields.
struct augmentation_string {
  char text[16];  ///< "zPLRS" and one for each of two features of Arm's are all letters that there are

  /// @return false where it does not fit.
  bool take_from(table_reader &in) noexcept {
    for (char &letter : text) {
      letter = in.take<char>();
      if (letter == 0) return true;
    }
    return false;
  }
};

/// Parses the CIE at `cie`. @return false for a shape no toolchain emits.
inline bool parse_cie(table_reader cie, frame_description &out, common_facts &common) noexcept {
  const auto length = cie.take<std::uint32_t>();
  out.cie_program_end = end_of(cie, length);
  cie.take<std::uint32_t>();
  const auto version = cie.take<std::uint8_t>();
  if (version != 1 && version != 3) return false;
  augmentation_string string;
  if (!string.take_from(cie)) return false;
  const char *augmentation = string.text;
  out.code_align = cie.uleb();
  out.data_align = cie.sleb();
  out.return_register = version == 1 ? cie.take<std::uint8_t>() : static_cast<unsigned>(cie.uleb());

  common = {*augmentation == 'z', pointer_encoding::omitted};
  out.cie_program = cie.at();
  if (!common.augmented) return *augmentation == 0 && !cie.is_broken();
  const auto size = cie.uleb();
  out.cie_program = end_of(cie, size);
  while (*++augmentation != 0) {
    switch (*augmentation) {
      case 'P': {
        const auto encoding = cie.take<std::uint8_t>();
        out.personality = cie.encoded(encoding);
        break;
      }
      case 'L': common.lsda_encoding = cie.take<std::uint8_t>(); break;
      case 'R': out.pointer_encoding = cie.take<std::uint8_t>(); break;
      case 'S': out.signal_frame = true; break;
      default: return !cie.is_broken();  // without a meaning for us; the size tells where the program starts anyway
    }
  }
  return !cie.is_broken();
}

/// Parses the FDE at `fde`. @return false for a shape no toolchain emits.
inline bool parse_fde(const unsigned char *fde, frame_description &out) noexcept {
  table_reader in(fde);
  const auto length = in.take<std::uint32_t>();
  constexpr std::uint32_t terminator = 0, of_64_bits = 0xffffffff;  // which .eh_frame never uses
  if (length == terminator || length == of_64_bits) return false;
  out.program_end = end_of(in, length);
  table_reader cie = in;
  const auto cie_offset = in.take<std::uint32_t>();
  if (cie_offset == 0) return false;  // this is a CIE
  cie.skip(-std::uint64_t{cie_offset});
  common_facts common;
  if (!parse_cie(cie, out, common)) return false;

  out.begin = in.encoded(out.pointer_encoding);
  out.end = out.begin + in.encoded(out.pointer_encoding & pointer_encoding::format_mask);
  if (common.augmented) {
    const auto size = in.uleb();
    out.program = end_of(in, size);
    out.lsda = in.encoded(common.lsda_encoding);
  } else {
    out.program = in.at();
  }
  return !in.is_broken();
}

/// Whether a signal handler returns to the code behind a call site (cursor.hpp), and no tables are to be asked.
inline bool is_signal_return_without_tables(std::uintptr_t call_site) noexcept {
  return !libc::signal_return_has_tables && arch::is_signal_return(call_site + 1);
}

/// The FDE that covers `pc`, by binary search in the .eh_frame_hdr at `header`.
inline bool find_frame_description(std::uintptr_t pc, std::uintptr_t header, frame_description &out) noexcept {
  table_reader in(reinterpret_cast<const unsigned char *>(header));
  const auto version = in.take<std::uint8_t>();
  const auto eh_frame_encoding = in.take<std::uint8_t>();
  const auto count_encoding = in.take<std::uint8_t>();
  const auto table_encoding = in.take<std::uint8_t>();
  in.encoded(eh_frame_encoding, header);
  const std::uintptr_t count = in.encoded(count_encoding, header);
  // The one form that has a fixed entry size, and the only one that GNU ld, gold, lld and mold write.
  constexpr unsigned sorted_table = pointer_encoding::relative_to_data | pointer_encoding::sdata4;
  if (version != 1 || table_encoding != sorted_table || count == 0 || in.is_broken()) return false;

  struct entry {
    std::int32_t begin, fde;
  };
  const auto entry_at = [table = in](std::uintptr_t i) noexcept {
    table_reader at = table;
    at.skip(i * sizeof(entry));
    const auto begin = at.take<std::int32_t>();
    return entry{begin, at.take<std::int32_t>()};
  };
  const auto wanted = static_cast<std::intptr_t>(pc - header);
  if (wanted < entry_at(0).begin) return false;
  std::uintptr_t low = 0, high = count;
  while (high - low > 1) {
    const std::uintptr_t middle = low + (high - low) / 2;
    if (entry_at(middle).begin <= wanted) {
      low = middle;
    } else {
      high = middle;
    }
  }
  const std::uintptr_t fde = header + static_cast<std::uintptr_t>(std::intptr_t{entry_at(low).fde});
  return parse_fde(reinterpret_cast<const unsigned char *>(fde), out) && pc >= out.begin && pc < out.end;
}

/// The FDE that covers `pc`. @return false where there is none: Go code, a PLT without tables, generated code, an
/// address outside every module.
inline bool find_frame_description(std::uintptr_t pc, frame_description &out) noexcept {
  const std::uintptr_t header = libc::find_eh_frame_hdr(pc);
  return header != 0 && find_frame_description(pc, header, out);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_FRAME_TABLE_HPP
