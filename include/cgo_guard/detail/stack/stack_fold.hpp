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

#include "../../config.hpp"
#include "function_names.hpp"
#include "resolved_frame.hpp"

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

// Rounds of up to 16 frames: inlined ones count, and GCC inlines a recursive function into itself several levels deep.
constexpr std::size_t longest_round = 16;
constexpr std::size_t fewest_rounds = 5;                    // below that nothing is saved
constexpr std::size_t rounds_before = 2, rounds_after = 1;  // shown of each recursion

/// The longest recursion that begins at `start`, or one of length 0.
inline recursion recursion_at(const std::vector<resolved_frame> &frames, std::size_t start) {
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

/// The recursion in which a stack ends, with as many frames as belong to it, in whole rounds or not.
inline recursion recursion_to_end(const std::vector<resolved_frame> &frames) {
  for (std::size_t period = 1; period <= longest_round && period * fewest_rounds <= frames.size(); ++period) {
    std::size_t start = frames.size() - period;
    while (start > 0 && same_place(frames[start - 1], frames[start - 1 + period])) --start;
    if ((frames.size() - start) / period >= fewest_rounds) return {period, frames.size() - start};
  }
  return {};
}

/// How many frames at the beginning of `tail` go on with the recursion in which `head` ends, or 0.
inline std::size_t continuation(const std::vector<resolved_frame> &head, std::size_t period,
                                const std::vector<resolved_frame> &tail) {
  if (period == 0 || tail.size() < period) return 0;
  const resolved_frame *const round = head.data() + head.size() - period;
  for (std::size_t shift = 0; shift < period; ++shift) {  // what lies between need not be whole rounds
    std::size_t length = 0;
    while (length < tail.size() && same_place(tail[length], round[(shift + length) % period])) ++length;
    if (length >= period) return length;
  }
  return 0;
}

/// The same for a stack of which the middle was not recorded, `omitted` frames. Where both parts are of one recursion,
/// it is folded as one, and across(count, names, missing) counts what is missing as well; else gap() is called between
/// them. What is not recorded is counted in real frames, what is shown with those that were inlined into them: so for
/// each missing one, as many as a round has.
template <class Show, class Fold, class Gap, class Across>
void for_each_folded(const std::vector<resolved_frame> &head, std::size_t omitted,
                     const std::vector<resolved_frame> &tail, Show &&show, Fold &&fold, Gap &&gap, Across &&across) {
  const recursion last = recursion_to_end(head);
  const std::size_t more = continuation(head, last.period, tail);
  if (more == 0) {
    for_each_folded(head, show, fold);
    gap();
    for_each_folded(tail, show, fold);
    return;
  }
  std::size_t real = 0;
  for (std::size_t i = head.size() - last.period; i < head.size(); ++i) real += head[i].inlined ? 0u : 1u;
  const std::size_t missing = real != 0 ? omitted * last.period / real : omitted;
  const std::size_t start = head.size() - last.length, first = rounds_before * last.period,
                    outermost = rounds_after * last.period;
  for_each_folded({head.begin(), head.begin() + static_cast<std::ptrdiff_t>(start)}, show, fold);
  for (std::size_t i = start; i < start + first; ++i) show(head[i]);
  across(last.length - first + missing + more - outermost, names_of_round(head, start, last.period), missing);
  for (std::size_t i = more - outermost; i < more; ++i) show(tail[i]);
  for_each_folded({tail.begin() + static_cast<std::ptrdiff_t>(more), tail.end()}, show, fold);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_STACK_FOLD_HPP
