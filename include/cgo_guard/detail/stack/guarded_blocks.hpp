// SPDX-License-Identifier: BSL-1.0
/// @file guarded_blocks.hpp
/// Guarded blocks on a stack: each gets the name of the function that it stands in.
#ifndef CGO_GUARD_GUARDED_BLOCKS_HPP
#define CGO_GUARD_GUARDED_BLOCKS_HPP

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "../../config.hpp"
#include "function_names.hpp"
#include "resolved_frame.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Where the frame that begins at `at` ends: what was inlined into it comes first.
inline std::size_t end_of_frame(const std::vector<resolved_frame> &frames, std::size_t at) {
  while (at < frames.size() && frames[at].inlined) ++at;
  return at < frames.size() ? at + 1 : at;
}

/// Past the frames from `at` on that are the thunk's of the frame before once more. The compiler may have moved the
/// part of a block that fails away from the rest, and then the end of the stack has the block's name twice: what looks
/// like another function had been called by the thunk as the last thing it did (name_the_block).
inline std::size_t skip_same_thunk(const std::vector<resolved_frame> &frames, std::size_t at) {
  if (at == 0) return at;
  const std::string &thunk = frames[at - 1].function;
  const std::size_t end = end_of_frame(frames, at);
  const bool again = end != at && frames[end - 1].function == thunk && !function_around_block(thunk).empty();
  return again ? end : at;
}

/// The frames from `at` on as a reader wants them: blocks by the functions that hold them, and nothing else of ours.
///
/// - The frame of a guarded block, a lambda called by our thunk, gets the name of the function that holds the block,
///   and that function's own frame below, which only stands at the guard, goes. Other lambdas keep their names.
/// - What was inlined into a frame that goes is not inlined any more.
/// - Where the compiler left no frame for the block, our thunk's frame stands for it, without the line, which would be
///   one of ours.
/// - All other frames of this library go.
inline std::vector<resolved_frame> with_blocks_named(const std::vector<resolved_frame> &frames, std::size_t at = 0) {
  std::vector<resolved_frame> kept;
  while (at < frames.size()) {
    if (!is_own(frames[at].function)) {
      kept.push_back(frames[at++]);
      continue;
    }
    const std::string_view block = kept.empty() ? std::string_view() : function_around_call(kept.back().function);
    std::string holder(block);
    const resolved_frame *thunk = nullptr;
    for (; at < frames.size() && is_own(frames[at].function); ++at) {
      // The frame that it was inlined into goes, and it stands for both.
      if (!frames[at].inlined && !kept.empty()) kept.back().inlined = false;
      const std::string_view whole = function_around_block(frames[at].function);
      if (is_short_for(holder, whole)) holder = whole;
      if (!holder.empty()) continue;
      holder = whole;
      thunk = &frames[at];
    }
    if (holder.empty()) continue;
    at = skip_same_thunk(frames, at);
    if (thunk != nullptr) {
      kept.push_back(*thunk);
      kept.back().file.clear();
      kept.back().line = kept.back().column = 0;
      kept.back().inlined = false;
    }
    kept.back().function = holder;
    if (at < frames.size() && same_function(frames[at].function, holder)) ++at;
  }
  return kept;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_GUARDED_BLOCKS_HPP
