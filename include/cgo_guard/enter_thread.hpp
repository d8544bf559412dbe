// SPDX-License-Identifier: BSL-1.0
/// @file enter_thread.hpp
/// For threads that somebody else has started: neither Go nor cgo_guard::thread (thread.hpp).
#ifndef CGO_GUARD_ENTER_THREAD_HPP
#define CGO_GUARD_ENTER_THREAD_HPP

#include "contract.hpp"

CGO_GUARD_NAMESPACE_BEGIN

/// Makes the calling thread ready for its faults until it ends: unblocks the signals that a fault raises, and gives it
/// an alternate signal stack, unless it has one with room. enter_thread does it by itself, as long as it runs. Not
/// async-signal-safe. Where signals can't be guarded, there is nothing to do.
/// @return false if there was no memory for the stack. A guard then still takes everything but a stack overflow.
inline bool prepare_this_thread() noexcept { return cgo_guard_v1_prepare_thread(); }

/// Makes an existing thread safe, for its entry: a worker of OpenMP, a callback on a library's thread, a pthread. Runs
/// body() under a guard, on a thread that has an alternate signal stack from then on, and the signals of faults not
/// blocked as long as it runs; a failure goes to cgo_guard_on_thread_error. Throws nothing of body's; pthread_cancel
/// and pthread_exit pass through.
/// @param function, file, line where the call stands, which is the guard's site in the report.
/// @return whether body succeeded.
template <class Body>
bool enter_thread(Body &&body, const char *function = __builtin_FUNCTION(), const char *file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
  return cgo_guard_v1_enter_thread(&detail::block_thunk<detail::referred_to<Body>>, detail::address_of_block(body),
                                   function, file, line);
}

CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ENTER_THREAD_HPP
