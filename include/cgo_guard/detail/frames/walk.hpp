// SPDX-License-Identifier: BSL-1.0
/// @file walk.hpp
/// The loop that all walks of a stack share. What is done at a frame is the visitor's affair, and so is where to stop.
/// Async-signal-safe.
#ifndef CGO_GUARD_WALK_HPP
#define CGO_GUARD_WALK_HPP

#include "cursor.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Why a walk has ended, and where its position is then.
enum class walk_end {
  stopped,    ///< at the frame where the visitor wanted no more
  outermost,  ///< at the outermost frame: its tables say that it is
  unknown,    ///< at a frame without tables, which was not visited
  broken,     ///< at a frame whose caller can't be found
  enough      ///< at the next frame, behind as many as were asked for
};

/// No stack holds more frames: 16 bytes each in a gigabyte. A walk ends, whatever a smashed stack leads to.
constexpr std::uint64_t most_frames_of_a_stack = std::uint64_t{1} << 26;

/// Walks outwards. Always inlined, so that what a visitor refers to is at hand at every frame.
/// @param visit bool(const frame_facts &, const cursor &) for each frame: whether to go on from there.
template <class Visit>
[[gnu::always_inline]] inline walk_end walk(cursor &position, Visit &&visit,
                                            std::uint64_t most = most_frames_of_a_stack) noexcept {
  for (std::uint64_t i = 0; i < most; ++i) {
    const frame_facts *const facts = position.describe();
    if (facts == nullptr) return walk_end::unknown;
    if (!visit(*facts, position)) return walk_end::stopped;
    const step_result result = position.step();
    if (result == step_result::end) return walk_end::outermost;
    if (result == step_result::broken) return walk_end::broken;
  }
  return walk_end::enough;
}

/// Leaves as many frames. @return whether there were so many.
inline bool leave_frames(cursor &position, std::uint64_t count) noexcept {
  return walk(
             position, [](const frame_facts &, const cursor &) noexcept { return true; }, count) == walk_end::enough;
}

/// Where a walk of this very stack begins. Always inlined: the frame that it begins at has to stay for as long.
[[gnu::always_inline]] inline arch::registers registers_here() noexcept {
  arch::registers here;
  arch::cgo_guard_v1_capture(&here);
  return here;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_WALK_HPP
