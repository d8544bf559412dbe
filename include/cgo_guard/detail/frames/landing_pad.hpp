// SPDX-License-Identifier: BSL-1.0
/// @file landing_pad.hpp
/// What a frame's language-specific data says about one program counter: is there anything to clean up, and where.
/// Async-signal-safe.
#ifndef CGO_GUARD_LANDING_PAD_HPP
#define CGO_GUARD_LANDING_PAD_HPP

#include "../runtime/cxx.hpp"
#include "frame_table.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

enum class pad_kind : unsigned char {
  none,     ///< the tables say: nothing to do in this frame here
  landing,  ///< enter `pad` with `selector`
  gap       ///< no call-site row covers the PC: what the frame holds can't be known, it has to be skipped
};

struct landing_pad {
  pad_kind kind;
  std::uintptr_t pad;
  std::intptr_t selector;
};

/// Reads the LSDA as the C++ personality would for a forced unwind (Itanium C++ ABI: Exception Handling, 7), with three
/// differences. A gap is reported instead of ending in std::terminate. Typed handlers never match, except
/// `catch (abi::__forced_unwind &)`, by which libraries recognise an unwind they may not swallow. `catch (...)`
/// matches.
/// @param pc the exact faulting PC, or the call's last byte.
inline landing_pad find_landing_pad(const frame_description &frame, std::uintptr_t pc) noexcept {
  constexpr landing_pad none{pad_kind::none, 0, 0}, gap{pad_kind::gap, 0, 0};
  if (frame.lsda == 0) return none;
  reader in{reinterpret_cast<const unsigned char *>(frame.lsda)};
  const auto start_encoding = in.take<std::uint8_t>();
  const std::uintptr_t pad_base =
      start_encoding == pointer_encoding::omitted ? frame.begin : in.encoded(start_encoding);
  const auto type_encoding = in.take<std::uint8_t>();
  // The format belongs to the personality, and an unknown one may mean anything by its types. Without types it is the
  // common one of GCC and LLVM, with cleanups only: C's __attribute__((cleanup)), by which glibc gives back stdio's and
  // the loader's locks (its copy of __gcc_personality_v0 has no name to compare with), or Rust's drops.
  if (type_encoding != pointer_encoding::omitted &&
      frame.personality != reinterpret_cast<std::uintptr_t>(&__gxx_personality_v0))
    return gap;
  const unsigned char *type_table = nullptr;
  if (type_encoding != pointer_encoding::omitted) {
    const auto offset = in.uleb();
    type_table = in.at + offset;
  }
  const auto site_encoding = in.take<std::uint8_t>();
  const auto sites_length = in.uleb();
  const unsigned char *const actions = in.at + sites_length;

  const std::uintptr_t position = pc - frame.begin;
  while (in.at < actions) {
    const std::uintptr_t start = in.encoded(site_encoding);
    const std::uintptr_t length = in.encoded(site_encoding);
    const std::uintptr_t pad = in.encoded(site_encoding);
    const auto action = in.uleb();
    if (position < start) return gap;  // rows are sorted
    if (position >= start + length) continue;
    if (pad == 0) return none;

    landing_pad found{pad_kind::landing, pad_base + pad, 0};
    if (action == 0) return found;  // cleanups only

    bool cleanup = false;
    reader record{actions + action - 1};
    for (;;) {
      const auto filter = record.sleb();
      const unsigned char *const next_field = record.at;
      const auto next = record.sleb();
      if (filter == 0) {
        cleanup = true;
      } else if (filter > 0 && type_table != nullptr) {
        constexpr unsigned signless = 7;  // udata4 and sdata4 are of one size
        const std::ptrdiff_t size = (type_encoding & signless) == pointer_encoding::udata4 ? 4
                                    : (type_encoding & signless) == pointer_encoding::udata2
                                        ? 2
                                        : static_cast<std::ptrdiff_t>(sizeof(void *));
        reader type{type_table - filter * size};
        const std::uintptr_t info = type.encoded(type_encoding);
        if (info == 0 || info == reinterpret_cast<std::uintptr_t>(cxx::forced_unwind_type_info)) {
          found.selector = static_cast<std::intptr_t>(filter);
          return found;
        }
      }  // a negative filter is a dynamic exception specification, which does not concern a forced unwind
      if (next == 0) break;
      record.at = next_field + next;
    }
    return cleanup ? found : none;
  }
  return gap;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_LANDING_PAD_HPP
