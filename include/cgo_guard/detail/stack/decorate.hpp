// SPDX-License-Identifier: BSL-1.0
/// @file decorate.hpp
/// A report for a person at a terminal: the source around the first frames of a C++ stack, and colour.
///
/// Works on the finished text, so that C++ and Go, each of which writes reports of its own, share it, and so that the
/// text without it is the same everywhere: what is logged, compared and searched never depends on where it was printed.
#ifndef CGO_GUARD_DECORATE_HPP
#define CGO_GUARD_DECORATE_HPP

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include <sys/stat.h>
#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

#include "../../abi.h"
#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// The second line of a frame, taken apart: `\t/src/test.cpp:9:5 (inventory+0x1234)`, or Go's `\t/src/main.go:9 +0x1d`.
struct source_location {
  std::string file;
  unsigned long line = 0, column = 0;
};

/// Takes `:123` off the end of a text. @return 0 where there is none.
inline unsigned long take_number(std::string_view &text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == text.size() || text.size() - colon > 10) return 0;
  unsigned long number = 0;
  for (const char c : text.substr(colon + 1)) {
    if (c < '0' || c > '9') return 0;
    number = number * 10 + static_cast<unsigned long>(c - '0');
  }
  text.remove_suffix(text.size() - colon);
  return number;
}

/// @return false where the line is no location with a line number.
inline bool parse_location(std::string_view text, source_location &out) {
  if (text.size() < 2 || text[0] != '\t' || std::strchr("\t >", text[1]) != nullptr) return false;
  text.remove_prefix(1);
  // A file name may have blanks and brackets; what follows it here is always behind the last " (" or " +".
  const std::size_t tail = text.back() == ')' ? text.rfind(" (") : text.rfind(" +0x");
  if (tail != std::string_view::npos) text = text.substr(0, tail);
  const unsigned long last = take_number(text);
  if (last == 0) return false;
  const unsigned long before = take_number(text);
  out.file = std::string(text);
  out.line = before != 0 ? before : last;
  out.column = before != 0 ? last : 0;
  return !text.empty();
}

/// The line of a text that begins at `at`, without its end. Moves on to the next.
inline std::string_view next_line(std::string_view text, std::size_t &at) {
  const std::size_t end = text.find('\n', at);
  const std::string_view line = text.substr(at, end == std::string_view::npos ? end : end - at);
  at = end == std::string_view::npos ? text.size() : end + 1;
  return line;
}

/// What a source file has around a line, marked:
///
///             8 |   if (n < 0) return 0;
///         >   9 |   return *items[n];
///               |           ^
///            10 | }
///
/// @return "" where the file can't be had, or is not what was compiled: shorter than the line.
inline std::string source_around(const source_location &at, const char *mark, const char *unmark) {
  constexpr unsigned long before = 2, after = 1;
  constexpr std::size_t longest_line = 160;  // generated code has lines of megabytes
  struct stat status;
  // Nothing but files: a name from debug information could be that of a pipe on this machine, which would be waited
  // for.
  if (stat(at.file.c_str(), &status) != 0 || (status.st_mode & S_IFMT) != S_IFREG) return {};
  std::FILE *const file = std::fopen(at.file.c_str(), "r");
  if (file == nullptr) return {};
  std::string out, line;
  bool reached = false;
  unsigned long number = 1;
  const auto show = [&] {
    const bool marked = number == at.line;
    char margin[32];
    std::snprintf(margin, sizeof margin, "\t%c %5lu | ", marked ? '>' : ' ', number);
    out.append(marked ? mark : "").append(margin).append(line).append(marked ? unmark : "").append("\n");
    if (!marked) return;
    reached = true;
    if (at.column == 0 || at.column > line.size()) return;
    out += "\t        | ";
    for (std::size_t i = 0; i + 1 < at.column; ++i) out += line[i] == '\t' ? '\t' : ' ';
    out.append(mark).append("^").append(unmark).append("\n");
  };
  for (int c; number <= at.line + after && (c = std::fgetc(file)) != EOF;) {
    if (c == '\n') {
      if (number + before >= at.line) show();
      ++number;
      line.clear();
    } else if (line.size() < longest_line && c != '\r') {
      line += c >= 0 && c < 0x20 && c != '\t' ? '?' : static_cast<char>(c);  // no escape sequences from a file
    }
  }
  if (!line.empty() && number <= at.line + after && number + before >= at.line) show();
  std::fclose(file);
  return reached ? out : std::string();
}

/// @param flags CGO_GUARD_SOURCE_LINES, CGO_GUARD_COLOR.
inline std::string decorate(std::string_view report, unsigned flags) {
  constexpr int frames_with_source = 3;  // the one that failed, and who called it with what
  const bool color = (flags & CGO_GUARD_COLOR) != 0;
  const auto style = [color](const char *sequence) { return color ? sequence : ""; };
  const char *const strong = style("\033[1m"), *const red = style("\033[1;31m"), *const faint = style("\033[2m"),
                    *const plain = style("\033[0m");
  std::string out;
  source_location here;
  int left = 0;
  bool first = true;
  for (std::size_t at = 0; at < report.size(); first = false) {
    const std::string_view line = next_line(report, at);
    std::size_t following = at;
    const bool is_function = !line.empty() && line[0] != '\t' && at < report.size() && report[at] == '\t' &&
                             parse_location(next_line(report, following), here);
    if (parse_location(line, here)) {
      out.append(faint).append(line).append(plain).append("\n");
      if (left <= 0 || (flags & CGO_GUARD_SOURCE_LINES) == 0) continue;
      const std::string source = source_around(here, red, plain);
      if (!source.empty()) --left;
      out += source;
      continue;
    }
    if (line == "C++ stack:") left = frames_with_source;
    if (line.empty() || line == "Go stack:") left = 0;
    const char *const begin = first ? red : is_function ? strong : "";
    out.append(begin).append(line).append(*begin != 0 ? plain : "").append("\n");
  }
  return out;
}

inline bool wants_color(int fd) {
#if __has_include(<unistd.h>)
  const char *const no_color = std::getenv("NO_COLOR"), *const term = std::getenv("TERM");
  if (no_color != nullptr && *no_color != 0) return false;  // https://no-color.org
  return term != nullptr && *term != 0 && std::strcmp(term, "dumb") != 0 && isatty(fd) == 1;
#else
  static_cast<void>(fd);
  return false;
#endif
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

CGO_GUARD_C_API int cgo_guard_wants_color(int fd) { return cgo_guard::detail::wants_color(fd) ? 1 : 0; }

CGO_GUARD_C_API void cgo_guard_print(cgo_guard_error *error, FILE *out) {
  if (error == nullptr || out == nullptr) return;
#if __has_include(<unistd.h>)
  const uint32_t color = cgo_guard_wants_color(fileno(out)) != 0 ? CGO_GUARD_COLOR : 0;
#else
  const uint32_t color = 0;
#endif
  const char *const text = cgo_guard_describe(error);
  char *const decorated = cgo_guard_decorate(text, CGO_GUARD_SOURCE_LINES | color);
  std::fputs(decorated != nullptr ? decorated : text, out);
  std::free(decorated);
}

#endif  // CGO_GUARD_DECORATE_HPP
