// SPDX-License-Identifier: BSL-1.0
/// @file dwarf.hpp
/// Reading the encodings that .eh_frame and .gcc_except_table are made of, and the expressions in them.
/// Async-signal-safe throughout: nothing but arithmetic and reads of memory that the loader mapped.
#ifndef CGO_GUARD_DWARF_HPP
#define CGO_GUARD_DWARF_HPP

#include "../arch/arch.hpp"
#include "dwarf_names.hpp"

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
    namespace pe = pointer_encoding;
    if (encoding == pe::omitted) return 0;
    if (encoding == pe::aligned) {
      const auto address = (reinterpret_cast<std::uintptr_t>(at) + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
      at = reinterpret_cast<const unsigned char *>(address);
      return take<std::uintptr_t>();
    }
    const auto here = reinterpret_cast<std::uintptr_t>(at);
    std::uintptr_t value = 0;
    switch (encoding & pe::format_mask) {
      case pe::absolute_pointer: value = take<std::uintptr_t>(); break;
      case pe::uleb128: value = static_cast<std::uintptr_t>(uleb()); break;
      case pe::udata2: value = take<std::uint16_t>(); break;
      case pe::udata4: value = take<std::uint32_t>(); break;
      case pe::udata8: value = static_cast<std::uintptr_t>(take<std::uint64_t>()); break;
      case pe::sleb128: value = static_cast<std::uintptr_t>(sleb()); break;
      case pe::sdata2: value = static_cast<std::uintptr_t>(std::intptr_t{take<std::int16_t>()}); break;
      case pe::sdata4: value = static_cast<std::uintptr_t>(std::intptr_t{take<std::int32_t>()}); break;
      case pe::sdata8: value = static_cast<std::uintptr_t>(take<std::int64_t>()); break;
      default: return 0;
    }
    if (value == 0) return 0;  // a null stays null: it means "none" in every table
    switch (encoding & pe::base_mask) {
      case pe::relative_to_here: value += here; break;
      case pe::relative_to_data: value += data_base; break;
      default: break;
    }
    if ((encoding & pe::indirect) != 0) {  // the address of the pointer
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
  namespace ops = expression_op;
  constexpr int depth = 16;
  std::uintptr_t stack[depth];
  int n = 0;
  if (initial != nullptr) stack[n++] = *initial;
  reader in{begin};
  const unsigned char *const end = begin + size;
  while (in.at < end) {
    const unsigned char op = in.take<unsigned char>();
    if (n >= depth) return false;
    if (op >= ops::lit0 && op <= ops::lit31) {
      stack[n++] = static_cast<std::uintptr_t>(op - ops::lit0);
      continue;
    }
    if (op >= ops::breg0 && op <= ops::breg31) {
      const std::int64_t offset = in.sleb();
      const std::uint64_t index = arch::index_of(static_cast<std::uint64_t>(op - ops::breg0));
      if (index >= arch::register_count) return false;
      stack[n++] = r.value[index] + static_cast<std::uintptr_t>(offset);
      continue;
    }
    switch (op) {
      case ops::const1u: stack[n++] = in.take<std::uint8_t>(); continue;
      case ops::const1s: stack[n++] = static_cast<std::uintptr_t>(std::intptr_t{in.take<std::int8_t>()}); continue;
      case ops::const2u: stack[n++] = in.take<std::uint16_t>(); continue;
      case ops::const2s: stack[n++] = static_cast<std::uintptr_t>(std::intptr_t{in.take<std::int16_t>()}); continue;
      case ops::const4u: stack[n++] = in.take<std::uint32_t>(); continue;
      case ops::const4s: stack[n++] = static_cast<std::uintptr_t>(std::intptr_t{in.take<std::int32_t>()}); continue;
      case ops::const8u: stack[n++] = static_cast<std::uintptr_t>(in.take<std::uint64_t>()); continue;
      case ops::constu: stack[n++] = static_cast<std::uintptr_t>(in.uleb()); continue;
      case ops::consts: stack[n++] = static_cast<std::uintptr_t>(in.sleb()); continue;
      default: break;
    }
    if (n < 1) return false;
    std::uintptr_t &top = stack[n - 1];
    switch (op) {
      case ops::deref:
        if (arch::cgo_guard_v1_load(top, &top) == 0) return false;
        continue;
      case ops::dup: stack[n] = top, ++n; continue;
      case ops::drop: --n; continue;
      case ops::neg: top = ~top + 1; continue;
      case ops::not_: top = ~top; continue;
      case ops::plus_uconst: top += static_cast<std::uintptr_t>(in.uleb()); continue;
      default: break;
    }
    if (n < 2) return false;
    const std::uintptr_t b = stack[--n];
    std::uintptr_t &a = stack[n - 1];
    const auto sa = static_cast<std::intptr_t>(a), sb = static_cast<std::intptr_t>(b);
    switch (op) {
      case ops::swap: stack[n] = a, a = b, ++n; continue;
      case ops::and_: a &= b; continue;
      case ops::minus: a -= b; continue;
      case ops::mul: a *= b; continue;
      case ops::or_: a |= b; continue;
      case ops::plus: a += b; continue;
      case ops::shl: a = b < 64 ? a << b : 0; continue;
      case ops::shr: a = b < 64 ? a >> b : 0; continue;
      case ops::xor_: a ^= b; continue;
      case ops::eq: a = sa == sb; continue;
      case ops::ge: a = sa >= sb; continue;
      case ops::gt: a = sa > sb; continue;
      case ops::le: a = sa <= sb; continue;
      case ops::lt: a = sa < sb; continue;
      case ops::ne: a = sa != sb; continue;
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
