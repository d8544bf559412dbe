// SPDX-License-Identifier: BSL-1.0
/// @file frame_names_portable.hpp
/// Addresses into text where signals can't be guarded: by dladdr, and by Boost.Stacktrace where it is there.
#ifndef CGO_GUARD_FRAME_NAMES_PORTABLE_HPP
#define CGO_GUARD_FRAME_NAMES_PORTABLE_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#if __has_include(<dlfcn.h>)
#include <dlfcn.h>
#endif

#include "../stack/demangle.hpp"
#include "../stack/fold_names.hpp"
#include "../stack/frame_text.hpp"
#include "../stack/guarded_blocks.hpp"
#include "stacks_portable.hpp"

#if CGO_GUARD_NAMES_BY_BOOST
// Boost wants to be told that _Unwind_Backtrace is declared without _GNU_SOURCE, as it is where that isn't predefined.
#if !defined(_GNU_SOURCE) && !defined(BOOST_STACKTRACE_GNU_SOURCE_NOT_REQUIRED)
#define BOOST_STACKTRACE_GNU_SOURCE_NOT_REQUIRED
#endif
#include <boost/stacktrace/frame.hpp>
#endif

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// What addr2line and atos take for an address in a module: the difference to where it was loaded. In an ELF file that
/// is linked for one place (ET_EXEC, byte 16 of its header) it is the address itself.
inline std::uintptr_t offset_in_module(const void *address, const void *base) noexcept {
  const auto *const header = static_cast<const unsigned char *>(base);
  const bool is_elf = std::memcmp(header, "\177ELF", 4) == 0;
  const bool is_fixed = is_elf && header[16] + header[17] == 2;
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  return is_fixed ? at : at - reinterpret_cast<std::uintptr_t>(base);
}

/// May throw std::bad_alloc.
inline resolved_frame resolve_portable(const void *address) {
  resolved_frame frame;
  frame.address = address;
#if __has_include(<dlfcn.h>)
  Dl_info known;
  if (dladdr(const_cast<void *>(address), &known) != 0 && known.dli_fbase != nullptr) {
    frame.module = known.dli_fname != nullptr ? known.dli_fname : "";
    frame.module_offset = offset_in_module(address, known.dli_fbase);
    if (known.dli_sname != nullptr) frame.function = demangled(known.dli_sname);
  }
#endif
#if CGO_GUARD_NAMES_BY_BOOST
  const boost::stacktrace::frame found(address);
  std::string name = found.name();
  fold_name(&name[0]);
  // Boost gives the address as text where it has no name.
  if (name.compare(0, 2, "0x") != 0 && name[0] != 0) frame.function = name.c_str();
  frame.file = found.source_file();
  frame.line = static_cast<int>(found.source_line());
#endif
  return frame;
}

/// The frames as a reader wants them. Not empty unless there are none.
inline std::vector<resolved_frame> resolve_portable(const void *const *frames, std::uint64_t count) {
  std::vector<resolved_frame> resolved;
  for (std::uint64_t i = 0; i < count; ++i) resolved.push_back(resolve_portable(frames[i]));
  std::vector<resolved_frame> kept = with_blocks_named(resolved);
  if (kept.empty()) kept = resolved;
  make_visible(kept);
  return kept;
}

/// @param holder the function that the block stands in, by which its frame, the last, is called where it has no name;
/// or "".
inline std::string format_frames_portable(const void *const *frames, std::uint64_t count, std::uint32_t head,
                                          std::uint64_t omitted, const char *holder) {
  const std::uint64_t first_part = omitted == 0 || head > count ? count : head;
  std::vector<resolved_frame> first = resolve_portable(frames, first_part);
  std::vector<resolved_frame> last = resolve_portable(frames + first_part, count - first_part);
  const bool ends_in_gap = omitted != 0 && last.empty();
  if (!ends_in_gap && !first.empty()) {
    resolved_frame &block = last.empty() ? first.back() : last.back();
    if (block.function.empty()) append_visible(block.function, holder);
  }
  return text_of(first, omitted, last);
}

/// Without the heap, hence without names.
inline std::size_t format_frames_raw_portable(const void *const *frames, std::uint64_t count, std::uint32_t head,
                                              std::uint64_t omitted, char *buffer, std::size_t size) noexcept {
  fixed_text text(buffer, size);
  for (std::uint64_t i = 0; i <= count; ++i) {
    if (omitted != 0 && i == (head < count ? head : count)) put_omitted(text, omitted);
    if (i == count) break;
    text.hex(reinterpret_cast<std::uintptr_t>(frames[i])).put("\n\t(no memory for names)\n");
  }
  return text.size();
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_FRAME_NAMES_PORTABLE_HPP
