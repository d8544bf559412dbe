// SPDX-License-Identifier: BSL-1.0
/// @file stack_text.hpp
/// Addresses as the text of a stack, as a table, and, for a heap that cannot be trusted, raw.
#ifndef CGO_GUARD_STACK_TEXT_HPP
#define CGO_GUARD_STACK_TEXT_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <dlfcn.h>

#include "../../config.hpp"
#include "../runtime/loader_lock.hpp"
#include "frame_text.hpp"
#include "loaded_module.hpp"
#include "stack_present.hpp"
#include "symbolize.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Formats the frames of an error. Recursion is folded.
/// @param frames call-site addresses, innermost first; `count` of them.
/// @param head how many of them come before the gap.
/// @param omitted how many frames the gap stands for; 0 for no gap.
/// @param modules as of resolve().
/// Same rules as resolve(): ordinary context only, thread-safe, may throw std::bad_alloc.
inline std::string format_frames(const void *const *frames, std::uint64_t count, std::uint32_t head,
                                 std::uint64_t omitted, std::uint64_t modules = 0) {
  const std::uint64_t first_part = omitted == 0 || head > count ? count : head;
  std::vector<resolved_frame> first, last;
  for (std::uint64_t i = 0; i < first_part; ++i) resolve(frames[i], first, default_stage(), modules);
  present(first);
  for (std::uint64_t i = first_part; i < count; ++i) resolve(frames[i], last, default_stage(), modules);
  present(last, false);
  make_visible(first);
  make_visible(last);

  return text_of(first, omitted, last);
}

/// The table of cgo_guard_resolve_frames: the same frames with the same names as format_frames shows. Same rules as
/// resolve().
inline std::string resolve_table(const void *const *frames, std::uint64_t count, std::uint64_t modules = 0) {
  std::vector<resolved_frame> resolved;
  for (std::uint64_t i = 0; i < count; ++i) resolve(frames[i], resolved, default_stage(), modules);
  present(resolved);
  return table_of(resolved);
}

/// The frames for a process whose heap is corrupt: no heap, no files, nothing demangled and nothing left out.
/// @return the length of the text, which is cut off to fit and always terminated, provided that size > 0.
/// Thread-safe. Not async-signal-safe: it takes the dynamic linker's lock, which the fault may have left held.
inline std::size_t format_frames_raw(const void *const *frames, std::uint64_t count, std::uint32_t head,
                                     std::uint64_t omitted, char *buffer, std::size_t size) noexcept {
  fixed_text text(buffer, size);
  const std::uint64_t first_part = head < count ? head : count;
  for (std::uint64_t i = 0; i <= count; ++i) {
    if (i == first_part && omitted != 0) put_omitted(text, omitted);
    if (i == count) break;
    const auto address = reinterpret_cast<std::uintptr_t>(frames[i]);
    Dl_info symbol;
    if (loader_may_be_asked() && dladdr(frames[i], &symbol) != 0 && symbol.dli_sname != nullptr) {
      text.put_visible(symbol.dli_sname);
    } else {
      text.hex(address);
    }
    loaded_module module;
    find_module(frames[i], module);
    text.put("\n\t");
    if (!module.found) {
      text.put("(in no module)\n");
      continue;
    }
    text.put_visible(module.path).put("+").hex(address - module.bias);
    if (module.build_id_size != 0) {
      text.put(" [build id ").hex_bytes(module.build_id, module.build_id_size).put("]");
    }
    text.put("\n");
  }
  return text.size();
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_STACK_TEXT_HPP
