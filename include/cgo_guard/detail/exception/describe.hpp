// SPDX-License-Identifier: BSL-1.0
/// @file describe.hpp
/// An error in words: what a person reads of it, whichever of the two guards has made it.
#ifndef CGO_GUARD_DESCRIBE_HPP
#define CGO_GUARD_DESCRIBE_HPP

#include <cstdio>
#include <string>
#include <string_view>

#include "../../abi.h"
#include "../stack/visible_text.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// What an error of this code is called in a description.
inline const char *kind_of(int code) noexcept {
  static const char *const kinds[] = {"error", "C++ exception", "fatal signal", "std::terminate",
                                      "exit",  "Go error",      "refused"};
  return kinds[code >= 0 && code <= CGO_GUARD_QUARANTINED ? code : 0];
}

inline const char *cleanup_sentence(const cgo_guard_error &e, char (&buffer)[256]) noexcept {
  switch (e.cleanup) {
    case CGO_GUARD_CLEANUP_COMPLETE: return "complete: every destructor the compiler had registered has run";
    case CGO_GUARD_CLEANUP_PARTIAL:
      std::snprintf(
          buffer, sizeof buffer,
          "partial: %llu frame(s) were left without their destructors. If one held a lock, the next call that "
          "needs it waits for ever (docs/guide.md, Cleanup)",
          static_cast<unsigned long long>(e.skipped));
      return buffer;
    case CGO_GUARD_CLEANUP_UNKNOWN: return "unknown: what has run was not recorded";
    default: return "none: no destructor has run; locks may be held and memory is leaked";
  }
}

/// What continues a text of several lines in a description: below its label, where it can't be taken for a line of
/// ours.
constexpr std::string_view description_break = "\n         ";

/// What an error or one of its causes is called, and its message.
inline void append_title(std::string &text, const char *name, const cgo_guard_error &e) {
  append_visible(text.append(name[0] != 0 ? " " : ""), name);
  append_visible(text.append(": "), std::string_view(e.message, e.message_length), description_break);
  text += '\n';
}

/// The guard's site, without the end of the line.
inline void append_site(std::string &text, const cgo_guard_error &e) {
  append_visible(text.append("guard:   "), e.function);
  if (e.file[0] != 0) {
    append_visible(text.append(" at "), e.file);
    text.append(":").append(std::to_string(e.line));
  }
  text.append(", thread ").append(std::to_string(e.thread_id)).append("\n");
}

/// One line for each field.
inline void append_fields(std::string &text, const cgo_guard_error &e, const char *indent) {
  for (std::uint64_t i = 0; i < e.field_count; ++i) {
    append_visible(text.append(indent), e.fields[i].key);
    append_visible(text.append(": "), e.fields[i].value, description_break);
    text += '\n';
  }
}

inline void append_causes(std::string &text, const cgo_guard_error &e) {
  for (const cgo_guard_error *cause = e.cause; cause != nullptr; cause = cause->cause) {
    append_title(text.append("cause:  "), cause->name, *cause);
    append_fields(text, *cause, "         ");
  }
}

/// All of it. @param cleanup_note what is to be known beside how far the cleanup came, or "".
/// @param stack "" where there is none.
/// @param why_no_stack what to say then, or "".
inline std::string describe(const cgo_guard_error &e, const char *cleanup_note, const std::string &stack,
                            const char *why_no_stack) {
  std::string text = kind_of(e.code);
  char buffer[256];
  append_title(text, e.code == CGO_GUARD_EXIT ? "" : e.name, e);
  if (e.function[0] != 0) append_site(text, e);
  text.append("cleanup: ").append(cleanup_sentence(e, buffer)).append("\n");
  if (cleanup_note[0] != 0) text.append("         ").append(cleanup_note).append("\n");
  if (e.core_file[0] != 0) append_visible(text.append("core:    "), e.core_file), text += '\n';
  append_fields(text, e, "");
  append_causes(text, e);
  if (!stack.empty()) {
    text.append("C++ stack:\n").append(stack);
  } else if (why_no_stack[0] != 0) {
    text.append("no C++ stack: ").append(why_no_stack).append("\n");
  }
  return text;
}

/// For a failure that nobody asked about.
inline void print_undelivered(const char *description) noexcept {
  std::fprintf(stderr, "cgo_guard: CGO_GUARD_VALUE was given a NULL error pointer, and failed:\n%s", description);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_DESCRIBE_HPP
