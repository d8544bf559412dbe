// SPDX-License-Identifier: BSL-1.0
/// @file translation.hpp
/// What a translator (translator.hpp) says about an exception, on its way into the error.
#ifndef CGO_GUARD_TRANSLATION_HPP
#define CGO_GUARD_TRANSLATION_HPP

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "../../abi.h"
#include "../../translator.hpp"

CGO_GUARD_NAMESPACE_BEGIN

// Weak and not inline: files with translators call these, and one with the implementation has them.
#define CGO_GUARD_IMPLEMENTS __attribute__((weak))

CGO_GUARD_IMPLEMENTS translation::~translation() {
  std::free(texts_);
  std::free(fields_);
}

/// Makes room for `needed` elements. Never leaves `block` other than it was or larger: the translator may be cut off
/// anywhere, by a fault.
template <class Element>
bool translation::grow(Element *&block, std::size_t &room, std::size_t needed) noexcept {
  const std::size_t wanted = needed > 2 * room ? needed + 8 : 2 * room;
  void *const larger = std::realloc(static_cast<void *>(block), wanted * sizeof(Element));
  if (larger == nullptr) return false;
  block = static_cast<Element *>(larger);
  room = wanted;
  return true;
}

CGO_GUARD_IMPLEMENTS translation &translation::keep(text_place &place, text given, bool terminated_by_nul) noexcept {
  const std::string_view said(given.data, given.size);
  std::size_t nuls = 0;
  if (terminated_by_nul) {
    for (const char c : said) nuls += c == 0;
  }
  const std::size_t length = said.size() + nuls;
  if (text_room_ - text_size_ < length + 1 && !grow(texts_, text_room_, text_size_ + length + 1)) return fail();
  char *out = texts_ + text_size_;
  if (nuls == 0) {
    if (length != 0) std::memcpy(out, said.data(), length);
  } else {
    for (const char c : said) {
      if (c == 0) *out++ = '\\';
      *out++ = c != 0 ? c : '0';
    }
  }
  texts_[text_size_ + length] = 0;
  place.at = text_size_;
  place.length = length;
  place.is_set = true;
  text_size_ += length + 1;
  return *this;
}

CGO_GUARD_IMPLEMENTS translation &translation::field(text key, text value) noexcept {
  if (field_count_ == field_room_ && !grow(fields_, field_room_, field_count_ + 1)) return fail();
  field_place place;
  keep(place.key, key, true);
  keep(place.value, value, true);
  fields_[field_count_++] = place;
  return *this;
}

namespace detail {
template <class Number>
translation &add_number(translation &to, translation::text key, const char *format, Number value) noexcept {
  char digits[64];
  std::snprintf(digits, sizeof digits, format, value);
  return to.field(key, digits);
}
}  // namespace detail

CGO_GUARD_IMPLEMENTS translation &translation::add_floating(text key, double value) noexcept {
  return detail::add_number(*this, key, "%.17g", value);
}
CGO_GUARD_IMPLEMENTS translation &translation::add_signed(text key, long long value) noexcept {
  return detail::add_number(*this, key, "%lld", value);
}
CGO_GUARD_IMPLEMENTS translation &translation::add_unsigned(text key, unsigned long long value) noexcept {
  return detail::add_number(*this, key, "%llu", value);
}
#undef CGO_GUARD_IMPLEMENTS

namespace detail {

/// All in one block: the table of fields, the texts, and the message once more where a note is added to it.
inline char *apply_translation(const translation &from, cgo_guard_error &error) noexcept {
  char note[96] = "";
  if (from.refused_code_ != CGO_GUARD_EXCEPTION) {
    std::snprintf(note, sizeof note, " (its translator's code %d is not CGO_GUARD_USER or more, and was refused)",
                  from.refused_code_);
  }
  if (from.failed_) return nullptr;
  if (from.text_size_ == 0 && note[0] == 0) {
    error.code = from.code_;
    if (from.has_number_) error.number = from.number_;
    return nullptr;
  }
  const std::string_view message =
      from.message_.is_set ? std::string_view(from.texts_ + from.message_.at, from.message_.length)
                           : std::string_view(error.message, static_cast<std::size_t>(error.message_length));
  const std::size_t table = from.field_count_ * sizeof(cgo_guard_field);
  const std::size_t noted = note[0] != 0 ? message.size() + std::strlen(note) + 1 : 0;
  auto *const block = static_cast<char *>(std::malloc(table + from.text_size_ + noted));
  if (block == nullptr) return nullptr;
  char *const texts = block + table;
  if (from.text_size_ != 0) std::memcpy(texts, from.texts_, from.text_size_);

  error.code = from.code_;
  if (from.has_number_) error.number = from.number_;
  if (from.name_.is_set) error.name = texts + from.name_.at;
  if (from.category_.is_set) error.category = texts + from.category_.at;
  if (noted != 0) {
    char *const copy = texts + from.text_size_;
    if (!message.empty()) std::memcpy(copy, message.data(), message.size());
    std::memcpy(copy + message.size(), note, std::strlen(note) + 1);
    error.message = copy;
    error.message_length = noted - 1;
  } else if (from.message_.is_set) {
    error.message = texts + from.message_.at;
    error.message_length = from.message_.length;
  }
  auto *const fields = reinterpret_cast<cgo_guard_field *>(block);
  for (std::size_t i = 0; i < from.field_count_; ++i) {
    fields[i] = {texts + from.fields_[i].key.at, texts + from.fields_[i].value.at};
  }
  error.fields = from.field_count_ != 0 ? fields : nullptr;
  error.field_count = from.field_count_;
  return block;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_TRANSLATION_HPP
