// SPDX-License-Identifier: BSL-1.0
/// @file stack_fold.hpp
/// Recursion, folded: two rounds of it, how many more there are, and the outermost. A reader of a stack overflow looks
/// for what recursed and who began, not for a hundred equal lines.
#ifndef CGO_GUARD_STACK_FOLD_HPP
#define CGO_GUARD_STACK_FOLD_HPP

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "stack_present.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// A part of a stack that is a round of `period` frames, over and over.
struct recursion {
  std::size_t period = 0, length = 0;
};

inline bool same_place(const resolved_frame &a, const resolved_frame &b) {
  if (a.function.empty() && a.address != b.address) return false;  // nameless: the address is all there is to tell
  return a.function == b.function && a.line == b.line && a.file == b.file && a.inlined == b.inlined;
}

/// The longest recursion that begins at `start`, or one of length 0. Rounds of up to 16 frames: inlined ones count, and
/// GCC inlines a recursive function into itself several levels deep.
inline recursion recursion_at(const std::vector<resolved_frame> &frames, std::size_t start) {
  constexpr std::size_t longest_round = 16, fewest_rounds = 5;  // below that nothing is saved
  recursion longest;
  for (std::size_t period = 1; period <= longest_round; ++period) {
    std::size_t end = start + period;
    while (end < frames.size() && same_place(frames[end], frames[end - period])) ++end;
    const std::size_t rounds = (end - start) / period;
    if (rounds >= fewest_rounds && rounds * period > longest.length) longest = {period, rounds * period};
  }
  return longest;
}

/// `fib`, `visit, visit_children`: the functions of a round without their parameters.
inline std::string names_of_round(const std::vector<resolved_frame> &frames, std::size_t start, std::size_t period) {
  std::string names;
  std::string_view before;
  for (std::size_t i = start; i < start + period; ++i) {
    const std::string_view function = frames[i].function;
    if (i != start && function == before) continue;  // inlined into itself
    before = function;
    std::size_t begin = 0;
    const std::size_t end = name_end(function, begin);
    if (i != start) names += ", ";
    names += function.empty() ? std::string_view("?") : function.substr(begin, end - begin);
  }
  return names;
}

/// Calls show(frame) for each frame to be shown, and fold(count, names) where `count` of them are left out.
template <class Show, class Fold>
void for_each_folded(const std::vector<resolved_frame> &frames, Show &&show, Fold &&fold) {
  constexpr std::size_t rounds_before = 2, rounds_after = 1;
  for (std::size_t i = 0; i < frames.size();) {
    const recursion found = recursion_at(frames, i);
    if (found.length == 0) {
      show(frames[i++]);
      continue;
    }
    const std::size_t end = i + found.length;
    for (std::size_t k = i; k < i + rounds_before * found.period; ++k) show(frames[k]);
    fold(found.length - (rounds_before + rounds_after) * found.period, names_of_round(frames, i, found.period));
    for (std::size_t k = end - rounds_after * found.period; k < end; ++k) show(frames[k]);
    i = end;
  }
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_STACK_FOLD_HPP
