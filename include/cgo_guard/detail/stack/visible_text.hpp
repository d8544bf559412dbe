// SPDX-License-Identifier: BSL-1.0
/// @file visible_text.hpp
/// What others have written (a what(), a symbol, a file's name), where a person reads it: nothing in it steers a
/// terminal or forges a line of a log. Escapes are those of Go's strconv.Quote, which the Go package uses. No heap.
#ifndef CGO_GUARD_VISIBLE_TEXT_HPP
#define CGO_GUARD_VISIBLE_TEXT_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// One character of a text. @return its length in bytes; 1 with `valid` false for a byte that is not UTF-8.
inline std::size_t decode_utf8(std::string_view text, std::size_t at, std::uint32_t &character, bool &valid) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  character = byte(0);
  valid = character < 0x80;
  if (valid) return 1;
  const std::size_t length = character >= 0xf0 ? 4 : character >= 0xe0 ? 3 : 2;
  if (character < 0xc2 || character > 0xf4 || text.size() - at < length) return 1;
  std::uint32_t sum = character & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 1;
    sum = sum << 6 | (byte(i) & 0x3fU);
  }
  const bool overlong = sum < (length == 4 ? 0x10000U : length == 3 ? 0x800U : 0x80U);
  if (overlong || sum > 0x10ffff || (sum >= 0xd800 && sum < 0xe000)) return 1;
  character = sum;
  valid = true;
  return length;
}

/// Whether a character breaks a line, steers a terminal, or turns the direction of what follows, so that a text shows
/// in another order than it has.
constexpr bool is_steering(std::uint32_t c) noexcept {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/// Calls put(part) for the parts of a text with all of that escaped, and invalid UTF-8 too. Tabs stay.
/// @param line_break what becomes of a line break.
template <class Put>
void put_visible(std::string_view text, std::string_view line_break, Put &&put) {
  static constexpr char digits[] = "0123456789abcdef";
  std::size_t plain = 0;
  for (std::size_t at = 0; at < text.size();) {
    std::uint32_t c = 0;
    bool valid = false;
    const std::size_t length = decode_utf8(text, at, c, valid);
    if (valid && (c == '\t' || !is_steering(c))) {
      at += length;
      continue;
    }
    put(text.substr(plain, at - plain));
    plain = at += length;
    const char by_byte[] = {'\\', 'x', digits[c >> 4 & 15], digits[c & 15]};
    const char by_number[] = {'\\',          'u', digits[c >> 12 & 15], digits[c >> 8 & 15], digits[c >> 4 & 15],
                              digits[c & 15]};
    if (c == '\n') {
      put(line_break);
    } else if (c == '\r') {
      put(std::string_view("\\r"));
    } else if (valid && c >= 0x80) {
      put(std::string_view(by_number, sizeof by_number));
    } else {
      put(std::string_view(by_byte, sizeof by_byte));
    }
  }
  put(text.substr(plain));
}

inline void append_visible(std::string &out, std::string_view text, std::string_view line_break = "\\n") {
  put_visible(text, line_break, [&](std::string_view part) { out.append(part); });
}

/// In place, for the many texts in which there is nothing to escape.
inline void make_visible(std::string &text) {
  for (const char c : text) {
    if (c >= 0x20 && c < 0x7f) continue;
    std::string out;
    append_visible(out, text);
    text = std::move(out);
    return;
  }
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_VISIBLE_TEXT_HPP
