// SPDX-License-Identifier: BSL-1.0
/// @file delivery.hpp
/// One call of our signal handler.
#ifndef CGO_GUARD_DELIVERY_HPP
#define CGO_GUARD_DELIVERY_HPP

#include <csignal>

#include <sys/ucontext.h>

#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

struct delivery {
  int signal;
  siginfo_t *info;
  ucontext_t &context;
  const void *frame;  ///< on_signal's
  bool from_kernel;   ///< and not from a handler that was installed over ours
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_DELIVERY_HPP
