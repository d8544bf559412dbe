// SPDX-License-Identifier: BSL-1.0
/// @file fold_names.hpp
/// A demangled name as it stands in the source: std::string, and not its three template arguments.
#ifndef CGO_GUARD_FOLD_NAMES_HPP
#define CGO_GUARD_FOLD_NAMES_HPP

#include <cstddef>
#include <cstring>
#include <initializer_list>

#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Takes the `length` characters at `at` out of a text.
inline void erase_text(char *at, std::size_t length) noexcept {
  std::memmove(at, at + length, std::strlen(at + length) + 1);
}

inline bool begins_with(const char *text, const char *start) noexcept {
  return std::strncmp(text, start, std::strlen(start)) == 0;
}

inline void erase_all(char *text, const char *what) noexcept {
  while (char *const at = std::strstr(text, what)) erase_text(at, std::strlen(what));
}

/// `std::basic_string<char, std::char_traits<char>, std::allocator<char> >` and its like become `std::string`.
inline void fold_characters(char *name) noexcept {
  static constexpr char basic[] = "std::basic_";
  static constexpr struct {
    const char *arguments, *allocator, *letter;
  } kinds[] = {{"<char, std::char_traits<char>", ", std::allocator<char>", ""},
               {"<wchar_t, std::char_traits<wchar_t>", ", std::allocator<wchar_t>", "w"}};
  for (char *at = name; (at = std::strstr(at, basic)) != nullptr; ++at) {
    char *const word = at + sizeof basic - 1;
    char *end = word + std::strspn(word, "abcdefghijklmnopqrstuvwxyz_");
    for (const auto &kind : kinds) {
      if (!begins_with(end, kind.arguments)) continue;
      char *rest = end + std::strlen(kind.arguments);
      if (begins_with(rest, kind.allocator)) rest += std::strlen(kind.allocator);
      if (*rest == ' ') ++rest;
      if (*rest != '>') continue;
      erase_text(end, static_cast<std::size_t>(rest + 1 - end));
      // "basic_" is longer than any letter that takes its place.
      const std::size_t letter = std::strlen(kind.letter), prefix = std::strlen("basic_");
      std::memcpy(word - prefix, kind.letter, letter);
      erase_text(word - prefix + letter, prefix - letter);
      break;
    }
  }
}

/// A standard allocator as the last argument is the one that nobody has written.
inline void fold_allocators(char *name) noexcept {
  static constexpr char allocator[] = ", std::allocator<";
  for (char *at = name; (at = std::strstr(at, allocator)) != nullptr;) {
    char *end = at + sizeof allocator - 1;
    for (int depth = 1; *end != 0 && depth > 0; ++end) depth += (*end == '<') - (*end == '>');
    const std::size_t spaces = std::strspn(end, " ");
    if (end[spaces] == '>' && end[-1] == '>') {
      erase_text(at, static_cast<std::size_t>(end - at) + spaces);
    } else {
      ++at;
    }
  }
}

/// In place: it only becomes shorter.
inline void fold_name(char *name) noexcept {
  if (std::strstr(name, "std::") == nullptr) return;
  // The versions of their libraries that are in use: libstdc++'s, libc++'s, and that of libc++'s <filesystem>.
  for (const char *const version : {"__cxx11::", "__1::", "__fs::"}) erase_all(name, version);
  erase_all(name, "[abi:cxx11]");
  fold_characters(name);
  fold_allocators(name);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_FOLD_NAMES_HPP
