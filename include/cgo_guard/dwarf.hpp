// SPDX-License-Identifier: BSL-1.0
/// @file dwarf.hpp
/// Reading the encodings that .eh_frame and .gcc_except_table are made of, and the expressions in them.
/// Async-signal-safe throughout: nothing but arithmetic and reads of memory that the loader mapped.
#ifndef CGO_GUARD_DWARF_HPP
#define CGO_GUARD_DWARF_HPP

#include "arch.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// A position in mapped, read-only table data.
struct reader {
  const unsigned char *at;

  template <class T>
  T take() noexcept {
    T value;
    std::memcpy(&value, at, sizeof value);
    at += sizeof value;
    return value;
  }

  std::uint64_t uleb() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const unsigned char byte = *at++;
      if (shift < 64) value |= std::uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) return value;
    }
  }

  std::int64_t sleb() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0;;) {
      const unsigned char byte = *at++;
      if (shift < 64) value |= std::uint64_t{byte & 0x7fu} << shift;
      shift += 7;
      if ((byte & 0x80) == 0) {
        if (shift < 64 && (byte & 0x40) != 0) value |= ~std::uint64_t{0} << shift;
        return static_cast<std::int64_t>(value);
      }
    }
  }

  /// A pointer in one of the DW_EH_PE encodings (Linux Standard Base 5, 10.5.1). `data_base` is what "datarel" means:
  /// the start of .eh_frame_hdr there, unused elsewhere.
  std::uintptr_t encoded(unsigned char encoding, std::uintptr_t data_base = 0) noexcept {
    if (encoding == 0xff) return 0;  // DW_EH_PE_omit
    if (encoding == 0x50) {          // DW_EH_PE_aligned
      const auto address = (reinterpret_cast<std::uintptr_t>(at) + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
      at = reinterpret_cast<const unsigned char *>(address);
      return take<std::uintptr_t>();
    }
    const auto here = reinterpret_cast<std::uintptr_t>(at);
    std::uintptr_t value = 0;
    switch (encoding & 0x0f) {
      case 0x00: value = take<std::uintptr_t>(); break;
      case 0x01: value = static_cast<std::uintptr_t>(uleb()); break;
      case 0x02: value = take<std::uint16_t>(); break;
      case 0x03: value = take<std::uint32_t>(); break;
      case 0x04: value = static_cast<std::uintptr_t>(take<std::uint64_t>()); break;
      case 0x09: value = static_cast<std::uintptr_t>(sleb()); break;
      case 0x0a: value = static_cast<std::uintptr_t>(std::intptr_t{take<std::int16_t>()}); break;
      case 0x0b: value = static_cast<std::uintptr_t>(std::intptr_t{take<std::int32_t>()}); break;
      case 0x0c: value = static_cast<std::uintptr_t>(take<std::int64_t>()); break;
      default: return 0;
    }
    if (value == 0) return 0;  // a null stays null: it means "none" in every table
    switch (encoding & 0x70) {
      case 0x10: value += here; break;
      case 0x30: value += data_base; break;
      default: break;
    }
    if ((encoding & 0x80) != 0) {  // DW_EH_PE_indirect: the address of the pointer
      std::uintptr_t target = 0;
      if (arch::cgo_guard_v1_load(value, &target) == 0) return 0;
      value = target;
    }
    return value;
  }
};

/// Evaluates the subset of DWARF expressions that call frame information uses: the PLT's conditional CFA and the
/// register rules of glibc's signal return trampoline are the two that every process has.
/// @return false for an operation outside the subset or memory that can't be read.
inline bool evaluate(const unsigned char *begin, std::uint64_t size, const arch::registers &r,
                     const std::uintptr_t *initial, std::uintptr_t &result) noexcept {
  constexpr int depth = 16;
  std::uintptr_t stack[depth];
  int n = 0;
  if (initial != nullptr) stack[n++] = *initial;
  reader in{begin};
  const unsigned char *const end = begin + size;
  while (in.at < end) {
    const unsigned char op = in.take<unsigned char>();
    if (n >= depth) return false;
    if (op >= 0x30 && op <= 0x4f) {  // DW_OP_lit0..31
      stack[n++] = op - 0x30u;
      continue;
    }
    if (op >= 0x70 && op <= 0x8f) {  // DW_OP_breg0..31
      const std::int64_t offset = in.sleb();
      if (op - 0x70 >= arch::register_count) return false;
      stack[n++] = r.value[op - 0x70] + static_cast<std::uintptr_t>(offset);
      continue;
    }
    switch (op) {
      case 0x08: stack[n++] = in.take<std::uint8_t>(); continue;
      case 0x09: stack[n++] = static_cast<std::uintptr_t>(std::intptr_t{in.take<std::int8_t>()}); continue;
      case 0x0a: stack[n++] = in.take<std::uint16_t>(); continue;
      case 0x0b: stack[n++] = static_cast<std::uintptr_t>(std::intptr_t{in.take<std::int16_t>()}); continue;
      case 0x0c: stack[n++] = in.take<std::uint32_t>(); continue;
      case 0x0d: stack[n++] = static_cast<std::uintptr_t>(std::intptr_t{in.take<std::int32_t>()}); continue;
      case 0x0e: stack[n++] = static_cast<std::uintptr_t>(in.take<std::uint64_t>()); continue;
      case 0x10: stack[n++] = static_cast<std::uintptr_t>(in.uleb()); continue;
      case 0x11: stack[n++] = static_cast<std::uintptr_t>(in.sleb()); continue;
      default: break;
    }
    if (n < 1) return false;
    std::uintptr_t &top = stack[n - 1];
    switch (op) {
      case 0x06:  // DW_OP_deref
        if (arch::cgo_guard_v1_load(top, &top) == 0) return false;
        continue;
      case 0x12: stack[n] = top, ++n; continue;                            // DW_OP_dup
      case 0x13: --n; continue;                                            // DW_OP_drop
      case 0x1f: top = ~top + 1; continue;                                 // DW_OP_neg
      case 0x20: top = ~top; continue;                                     // DW_OP_not
      case 0x23: top += static_cast<std::uintptr_t>(in.uleb()); continue;  // DW_OP_plus_uconst
      default: break;
    }
    if (n < 2) return false;
    const std::uintptr_t b = stack[--n];
    std::uintptr_t &a = stack[n - 1];
    const auto sa = static_cast<std::intptr_t>(a), sb = static_cast<std::intptr_t>(b);
    switch (op) {
      case 0x16: stack[n] = a, a = b, ++n; continue;  // DW_OP_swap
      case 0x1a: a &= b; continue;
      case 0x1c: a -= b; continue;
      case 0x1e: a *= b; continue;
      case 0x21: a |= b; continue;
      case 0x22: a += b; continue;
      case 0x24: a = b < 64 ? a << b : 0; continue;
      case 0x25: a = b < 64 ? a >> b : 0; continue;
      case 0x27: a ^= b; continue;
      case 0x29: a = sa == sb; continue;
      case 0x2a: a = sa >= sb; continue;
      case 0x2b: a = sa > sb; continue;
      case 0x2c: a = sa <= sb; continue;
      case 0x2d: a = sa < sb; continue;
      case 0x2e: a = sa != sb; continue;
      default: return false;
    }
  }
  if (n < 1) return false;
  result = stack[n - 1];
  return true;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_DWARF_HPP
