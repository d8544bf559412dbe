// SPDX-License-Identifier: BSL-1.0
/// @file frame_list.hpp
/// The call sites of a stack, in a table of fixed size: of a deep one the beginning and the end.
#ifndef CGO_GUARD_FRAME_LIST_HPP
#define CGO_GUARD_FRAME_LIST_HPP

#include <cstdint>
#include <cstring>

#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// The table of call sites. Boost.Stacktrace and glibc's backtrace default to 128 as well; the tail is what tells a
/// reader who started a recursion.
constexpr std::uint32_t max_frames = 128;
constexpr std::uint32_t head_frames = 96;
constexpr std::uint32_t tail_frames = max_frames - head_frames;

/// Collects call sites in order: the first head_frames, and the last tail_frames in a ring until finish().
class frame_list {
 public:
  /// @param count of those that are in there already, as add() has put them
  explicit frame_list(const void **storage, std::uint64_t count = 0) noexcept : storage_(storage), count_(count) {}

  void add(std::uintptr_t call_site) noexcept {
    const std::uint64_t i = count_++;
    storage_[i < max_frames ? i : head_frames + (i - head_frames) % tail_frames] =
        reinterpret_cast<const void *>(call_site);
  }

  std::uint64_t count() const noexcept { return count_; }
  void clear() noexcept { count_ = 0; }

  /// Puts the ring in order. @return the number of frames seen.
  std::uint64_t finish() noexcept {
    if (count_ > max_frames) {
      const void *ordered[tail_frames];
      for (std::uint32_t i = 0; i < tail_frames; ++i) {
        ordered[i] = storage_[head_frames + (count_ - head_frames + i) % tail_frames];
      }
      std::memcpy(storage_ + head_frames, ordered, sizeof ordered);
    }
    return count_;
  }

  /// As finish(), with a copy of what is kept.
  std::uint64_t copy_to(const void **out) noexcept;

 private:
  const void **storage_;
  std::uint64_t count_;
};

/// Of `total` frames seen, how many the table holds and how many are missing in its middle.
constexpr std::uint64_t frames_kept(std::uint64_t total) { return total < max_frames ? total : max_frames; }
constexpr std::uint64_t frames_missing(std::uint64_t total) { return total < max_frames ? 0 : total - max_frames; }

inline std::uint64_t frame_list::copy_to(const void **out) noexcept {
  const std::uint64_t total = finish();
  std::memcpy(out, storage_, frames_kept(total) * sizeof(void *));
  return total;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_FRAME_LIST_HPP
