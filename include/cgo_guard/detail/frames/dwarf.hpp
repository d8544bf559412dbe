// SPDX-License-Identifier: BSL-1.0
/// @file dwarf.hpp
/// The expressions that .eh_frame may hold in the place of a number. Async-signal-safe.
#ifndef CGO_GUARD_DWARF_HPP
#define CGO_GUARD_DWARF_HPP

#include "table_reader.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Evaluates the subset of DWARF expressions that call frame information uses: the PLT's conditional CFA and the
/// register rules of glibc's signal return trampoline are the two that every process has.
/// @return false for an operation outside the subset or memory that can't be read.
inline bool evaluate(const unsigned char *begin, std::uint64_t size, const arch::registers &r,
                     const std::uintptr_t *initial, std::uintptr_t &result) noexcept {
  namespace ops = expression_op;
  // The two have 11 and 5 bytes at most. Nothing jumps, so the length is the number of steps.
  constexpr std::uint64_t longest = 1024;
  if (size > longest) return false;
  constexpr int depth = 16;
  std::uintptr_t stack[depth];
  int n = 0;
  if (initial != nullptr) stack[n++] = *initial;
  table_reader in(begin);
  const unsigned char *const end = begin + size;
  while (in.is_before(end)) {
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
  if (n < 1 || in.is_broken()) return false;
  result = stack[n - 1];
  return true;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_DWARF_HPP
