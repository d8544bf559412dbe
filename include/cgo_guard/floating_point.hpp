// SPDX-License-Identifier: BSL-1.0
/// @file floating_point.hpp
/// For C++ that calls a guard in other floating-point modes than the ABI's.
#ifndef CGO_GUARD_FLOATING_POINT_HPP
#define CGO_GUARD_FLOATING_POINT_HPP

#include <cfenv>

#include "config.hpp"

CGO_GUARD_NAMESPACE_BEGIN

/// The floating-point environment at its declaration (rounding, flush-to-zero, which exceptions trap, and which have
/// been raised) is that of the thread again at its end.
///
///     const cgo_guard::keep_floating_point_environment environment;
///     cgo_guard_error *const error = CGO_GUARD { … };
///
/// A guard that fails leaves the ABI's defaults, because that is what Go relies on, and does not know what it was
/// entered with: reading it takes as long as the rest of the guard. An ordinary catch clause would leave the modes of
/// whoever threw.
class keep_floating_point_environment {
 public:
  keep_floating_point_environment() noexcept { std::fegetenv(&environment_); }
  ~keep_floating_point_environment() { std::fesetenv(&environment_); }
  keep_floating_point_environment(const keep_floating_point_environment &) = delete;
  keep_floating_point_environment &operator=(const keep_floating_point_environment &) = delete;

 private:
  std::fenv_t environment_;
};

CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_FLOATING_POINT_HPP
