// SPDX-License-Identifier: BSL-1.0
/// @file begin_failure.hpp
/// How a failure begins that is no exception: what a fault and an exit put into their guard's record while the frames
/// that they leave are still there. Async-signal-safe.
#ifndef CGO_GUARD_BEGIN_FAILURE_HPP
#define CGO_GUARD_BEGIN_FAILURE_HPP

#include "../exception/in_flight.hpp"
#include "../unwind/scan.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// What was found out on the way from a failure to its guard.
struct failure_origin {
  const fault_facts &fault;
  const arch::registers &registers;  ///< of the frame that failed
  frame_list &frames;
  std::uint64_t skipped;  ///< frames whose cleanups will not run
  std::uintptr_t landed;  ///< CFA of the frame with the first landing pad, or of the last frame without one
};

/// Everything in the record but the core. A note that was made for this failure stays.
inline void begin_failure(const found_guard &guard, const failure_origin &origin) noexcept {
  guard_record &record = guard.record();
  record.fault = origin.fault;
  record.second_signal = 0;
  record.stray = nullptr;
  record.skipped = origin.skipped;
  record.total = origin.frames.copy_to(record.frames);
  record.modules = not_noted;
  record.guard_cfa = guard.cfa;
  record.landed = origin.landed;
  record.stacks = guard.stacks;
  look_for_exceptions(origin.registers, record);
  if ((guard.state() & state_noted) == 0) {
    record.noted_name = record.noted_what = nullptr;
    record.note[0] = 0;
  }
  record.state = guard.state() |= state_failed;
  prepare_forced_exception(record);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_BEGIN_FAILURE_HPP
