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

/// The head of a function's table of landing pads (LSDA).
struct landing_pad_table {
  std::uintptr_t pad_base;
  unsigned char type_encoding, site_encoding;
  const unsigned char *types;  ///< behind the last; nullptr where there are none
  const unsigned char *sites, *actions;
};

/// @return false where the table may mean anything.
inline bool read_table_head(const frame_description &frame, landing_pad_table &out) noexcept {
  table_reader in(reinterpret_cast<const unsigned char *>(frame.lsda));
  const auto start_encoding = in.take<std::uint8_t>();
  out.pad_base = start_encoding == pointer_encoding::omitted ? frame.begin : in.encoded(start_encoding);
  out.type_encoding = in.take<std::uint8_t>();
  const bool has_types = out.type_encoding != pointer_encoding::omitted;
  // The format belongs to the personality, and an unknown one may mean anything by its types. Without types it is the
  // common one of GCC and LLVM, with cleanups only: C's __attribute__((cleanup)), by which glibc gives back stdio's and
  // the loader's locks (its copy of __gcc_personality_v0 has no name to compare with), or Rust's drops.
  if (has_types && frame.personality != reinterpret_cast<std::uintptr_t>(&__gxx_personality_v0)) return false;
  const std::uint64_t types_end = has_types ? in.uleb() : 0;
  out.types = has_types ? end_of(in, types_end) : nullptr;
  out.site_encoding = in.take<std::uint8_t>();
  const std::uint64_t sites_length = in.uleb();
  out.sites = in.at();
  out.actions = end_of(in, sites_length);
  return !in.is_broken();
}

/// Whether a handler's type lets a forced unwind in: `...`, and that by which libraries recognise one.
inline bool catches_forced_unwind(const landing_pad_table &table, std::int64_t filter) noexcept {
  constexpr unsigned signless = 7;  // udata4 and sdata4 are of one size
  const unsigned format = table.type_encoding & signless;
  const std::uint64_t size = format == pointer_encoding::udata4   ? 4
                             : format == pointer_encoding::udata2 ? 2
                                                                  : sizeof(void *);
  table_reader type(table.types);
  type.skip(-(static_cast<std::uint64_t>(filter) * size));
  const std::uintptr_t info = type.encoded(table.type_encoding);
  return !type.is_broken() && (info == 0 || info == reinterpret_cast<std::uintptr_t>(cxx::forced_unwind_type_info));
}

/// Whether a forced unwind is to enter a pad with these actions. @param selector gets what the pad is told then.
inline bool is_entered(const landing_pad_table &table, std::uint64_t action, std::intptr_t &selector) noexcept {
  bool cleanup = false;
  table_reader record(table.actions);
  record.skip(action - 1);
  // One for each handler around the call. Nothing but their number keeps records from leading back to one another.
  constexpr int most_records = 1 << 16;
  for (int i = 0; i < most_records; ++i) {
    const auto filter = record.sleb();
    table_reader following = record;
    const auto next = record.sleb();
    if (record.is_broken()) return false;
    if (filter == 0) cleanup = true;
    // A negative filter is a dynamic exception specification, which does not concern a forced unwind.
    if (filter > 0 && table.types != nullptr && catches_forced_unwind(table, filter)) {
      selector = static_cast<std::intptr_t>(filter);
      return true;
    }
    if (next == 0) return cleanup;
    following.skip(static_cast<std::uint64_t>(next));
    record = following;
  }
  return false;
}

/// Reads the LSDA as the C++ personality would for a forced unwind (Itanium C++ ABI: Exception Handling, 7), with three
/// differences. A gap is reported instead of ending in std::terminate. Typed handlers never match, except
/// `catch (abi::__forced_unwind &)`, by which libraries recognise an unwind they may not swallow. `catch (...)`
/// matches.
/// @param pc the exact faulting PC, or the call's last byte.
inline landing_pad find_landing_pad(const frame_description &frame, std::uintptr_t pc) noexcept {
  constexpr landing_pad none{pad_kind::none, 0, 0}, gap{pad_kind::gap, 0, 0};
  if (frame.lsda == 0) return none;
  landing_pad_table table;
  if (!read_table_head(frame, table)) return gap;
  const std::uintptr_t position = pc - frame.begin;
  table_reader in(table.sites);
  // As many as the largest function has calls; a length may say more than there is memory.
  constexpr int most_rows = 1 << 20;
  for (int i = 0; i < most_rows && in.is_before(table.actions); ++i) {
    const std::uintptr_t start = in.encoded(table.site_encoding);
    const std::uintptr_t length = in.encoded(table.site_encoding);
    const std::uintptr_t pad = in.encoded(table.site_encoding);
    const auto action = in.uleb();
    if (in.is_broken()) return gap;
    if (position < start) return gap;  // rows are sorted
    if (position >= start + length) continue;
    if (pad == 0) return none;
    landing_pad found{pad_kind::landing, table.pad_base + pad, 0};
    const bool only_cleanups = action == 0;
    return only_cleanups || is_entered(table, action, found.selector) ? found : none;
  }
  return gap;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_LANDING_PAD_HPP
