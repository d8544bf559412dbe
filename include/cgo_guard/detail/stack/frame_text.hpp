// SPDX-License-Identifier: BSL-1.0
/// @file frame_text.hpp
/// Named frames as text, two lines each, as Go prints its own; and as a table.
#ifndef CGO_GUARD_FRAME_TEXT_HPP
#define CGO_GUARD_FRAME_TEXT_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "../../config.hpp"
#include "resolved_frame.hpp"
#include "stack_fold.hpp"
#include "visible_text.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Text into a buffer of fixed size, cut off where it ends and always terminated. No heap, no locale, no locks.
/// Async-signal-safe.
class fixed_text {
 public:
  fixed_text(char *buffer, std::size_t size) noexcept : buffer_(buffer), size_(size) {
    if (size_ != 0) buffer_[0] = '\0';
  }

  fixed_text &put(std::string_view text) noexcept {
    const std::size_t room = size_ > used_ ? size_ - used_ - 1 : 0;
    const std::size_t count = text.size() < room ? text.size() : room;
    if (count == 0) return *this;
    std::memcpy(buffer_ + used_, text.data(), count);
    used_ += count;
    buffer_[used_] = '\0';
    return *this;
  }
  fixed_text &put_visible(std::string_view text) noexcept {
    detail::put_visible(text, "\\n", [this](std::string_view part) noexcept { put(part); });
    return *this;
  }
  fixed_text &hex(std::uint64_t value) noexcept { return put("0x").digits(value, 16, false); }
  fixed_text &grouped(std::uint64_t value) noexcept { return digits(value, 10, true); }  ///< 104,233
  fixed_text &hex_bytes(const unsigned char *bytes, std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i) put({&digit_text[bytes[i] >> 4], 1}).put({&digit_text[bytes[i] & 15], 1});
    return *this;
  }

  std::size_t size() const noexcept { return used_; }

 private:
  static constexpr char digit_text[] = "0123456789abcdef";

  fixed_text &digits(std::uint64_t value, unsigned base, bool groups) noexcept {
    char text[32];  // 20 digits and 6 commas at most
    std::size_t at = sizeof text, written = 0;
    do {
      if (groups && written != 0 && written % 3 == 0) text[--at] = ',';
      text[--at] = digit_text[value % base];
      ++written;
    } while ((value /= base) != 0);
    return put({text + at, sizeof text - at});
  }

  char *buffer_;
  std::size_t size_;
  std::size_t used_ = 0;
};

inline std::string hex_text(std::uint64_t value) {
  char buffer[24];
  fixed_text text(buffer, sizeof buffer);
  text.hex(value);
  return std::string(buffer, text.size());
}

inline void put_omitted(fixed_text &text, std::uint64_t omitted) noexcept {
  text.put("... ").grouped(omitted).put(omitted == 1 ? " frame left out ...\n" : " frames left out ...\n");
}

/// Appends the two lines of one frame:
///
///     fn2(char const*)
///             /src/test.cpp:9:5 (inventory+0x1234)
///
/// Without a line, the second one is what addr2line and a debug server need: `/usr/lib/libc.so.6+0x1234 [build id …]`.
/// Without a name, the first one is the address.
inline void append_frame(std::string &out, const resolved_frame &frame) {
  out += frame.function.empty() ? hex_text(reinterpret_cast<std::uintptr_t>(frame.address)) : frame.function;
  out += "\n\t";
  const std::string offset = "+" + hex_text(frame.module_offset);
  if (!frame.file.empty() && frame.line > 0) {
    out += frame.file + ":" + std::to_string(frame.line);
    if (frame.column > 0) out += ":" + std::to_string(frame.column);
    if (!frame.module.empty()) out += " (" + frame.module.substr(frame.module.rfind('/') + 1) + offset + ")";
  } else if (frame.module.empty()) {
    out += "(in no module)";  // code of a JIT, or of a library that was unloaded since
  } else {
    out += frame.module + offset;
    if (!frame.build_id.empty()) out += " [build id " + frame.build_id + "]";
  }
  out += '\n';
}

/// The line that stands for frames of a recursion.
/// @param unrecorded how many of them are only known to lie between two that are.
inline void append_fold(std::string &out, std::size_t count, const std::string &names, std::uint64_t unrecorded) {
  char buffer[32];
  fixed_text number(buffer, sizeof buffer);
  number.grouped(count);
  out.append("... ").append(buffer, number.size()).append(" more of ").append(names);
  if (unrecorded != 0) {
    fixed_text missing(buffer, sizeof buffer);
    missing.grouped(unrecorded);
    out.append(", ").append(buffer, missing.size()).append(" of them not recorded");
  }
  out.append(" ...\n");
}

/// Symbols and the names of files may hold anything.
inline void make_visible(std::vector<resolved_frame> &frames) {
  for (auto &frame : frames) {
    make_visible(frame.function);
    make_visible(frame.file);
    make_visible(frame.module);
  }
}

/// A stack as text, recursion folded.
/// @param omitted how many frames are missing between the two parts; 0 for no gap, and all of it is in `first`.
inline std::string text_of(const std::vector<resolved_frame> &first, std::uint64_t omitted,
                           const std::vector<resolved_frame> &last) {
  std::string out;
  const auto show = [&](const resolved_frame &frame) { append_frame(out, frame); };
  const auto fold = [&](std::size_t folded, const std::string &names) { append_fold(out, folded, names, 0); };
  const auto across = [&](std::size_t folded, const std::string &names, std::size_t missing) {
    append_fold(out, folded, names, missing);
  };
  const auto gap = [&] {
    char buffer[64];
    fixed_text text(buffer, sizeof buffer);
    put_omitted(text, omitted);
    out.append(buffer, text.size());
  };
  if (omitted == 0) {
    for_each_folded(first, show, fold);
  } else {
    for_each_folded(first, omitted, last, show, fold, gap, across);
  }
  return out;
}

/// A stack as the table of cgo_guard_resolve_frames (abi.h): nine tab-separated fields and a newline for each frame.
inline std::string table_of(const std::vector<resolved_frame> &resolved) {
  std::string out;
  const auto field = [&out](std::string_view text, char end) {
    for (const char c : text) out += c == '\t' || c == '\n' || c == '\r' ? ' ' : c;
    out += end;
  };
  for (const auto &frame : resolved) {
    field(hex_text(reinterpret_cast<std::uintptr_t>(frame.address)), '\t');
    field(frame.function, '\t');
    field(frame.file, '\t');
    field(std::to_string(frame.line), '\t');
    field(std::to_string(frame.column), '\t');
    field(frame.module, '\t');
    field(hex_text(frame.module_offset), '\t');
    field(frame.build_id, '\t');
    field(frame.inlined ? "1" : "0", '\n');
  }
  return out;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_FRAME_TEXT_HPP
