// SPDX-License-Identifier: BSL-1.0
/// @file crossed_signals.hpp
/// Signal handlers of the program's that a failure leaves on the way to its guard. Async-signal-safe.
///
///     guarded block
///       function           <- interrupted between two instructions: no table says what it holds just there
///         rt_sigreturn     <- would have given back mask and alternate stack
///           the handler
///             fault or throw
#ifndef CGO_GUARD_CROSSED_SIGNALS_HPP
#define CGO_GUARD_CROSSED_SIGNALS_HPP

#include "../frames/cursor.hpp"
#include "../state/record.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Finds them while a stack is walked.
class crossed_signals {
 public:
  /// For each frame of a walk, innermost first. @return whether this frame was interrupted and has called nothing.
  bool is_interrupted(const frame_facts &facts, const cursor &at) noexcept {
    const bool interrupted = behind_handler_;
    behind_handler_ = facts.signal_frame;
    // Of several, the outermost has interrupted what the guard's caller goes on with.
    if (facts.signal_frame && find_interrupted_state(at.registers(), left_.state)) ++left_.handlers;
    return interrupted;
  }

  const left_handlers &left() const noexcept { return left_; }

 private:
  bool behind_handler_ = false;
  left_handlers left_ = {};
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CROSSED_SIGNALS_HPP
