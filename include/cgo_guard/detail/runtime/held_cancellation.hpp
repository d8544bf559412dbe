// SPDX-License-Identifier: BSL-1.0
/// @file held_cancellation.hpp
/// A pthread_cancel that waits until a failure is told. What tells it reads files, prints and calls what(), all of
/// which a cancellation ends; and it must not be left by one: the text would be lost, and with it the cancellation.
#ifndef CGO_GUARD_HELD_CANCELLATION_HPP
#define CGO_GUARD_HELD_CANCELLATION_HPP

#include <pthread.h>

#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// For as long as this lives. The thread then ends at its own next cancellation point.
class held_cancellation {
 public:
  held_cancellation() noexcept { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  ~held_cancellation() {
    int ours;
    pthread_setcancelstate(before_, &ours);
  }
  held_cancellation(const held_cancellation &) = delete;
  held_cancellation &operator=(const held_cancellation &) = delete;

 private:
  int before_ = PTHREAD_CANCEL_ENABLE;
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_HELD_CANCELLATION_HPP
