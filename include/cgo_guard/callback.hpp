// SPDX-License-Identifier: BSL-1.0
/// @file callback.hpp
/// What a callback reports, as a C++ exception: `cgo_guard::check(visit_in_go(item));`
///
///     Go      cgoguard.Err         the same Go error, or the same panic goes on
///     C++       guard              its report carries the handle on
///     C++         your code        destructors run; may catch it and go on
///     C++           check()        throws go_error
///     Go              Callback     an error or a panic becomes a report with a handle of the Go value
#ifndef CGO_GUARD_CALLBACK_HPP
#define CGO_GUARD_CALLBACK_HPP

#include <new>  // std::exception, complete, without the rest of <exception>

#include "contract.hpp"

CGO_GUARD_NAMESPACE_BEGIN

/// A `cgo_guard_error` on its way through C++ as an exception. Thrown by check() for the report of a nested guard, and
/// as go_error for that of a Go callback. what() is the report's message. When it reaches a guard, the report is the
/// cause of the guard's own error, with its own stack.
///
/// Copies share the report. Copying and destroying are thread-safe, don't throw and don't call into Go.
class CGO_GUARD_SHARED error : public std::exception {
 public:
  /// @param report a live error of this version; owned from here on.
  explicit error(cgo_guard_error *report) noexcept : report_(report) {}
  error(const error &other) noexcept : std::exception(other), report_(cgo_guard_retain(other.report_)) {}
  error &operator=(const error &other) noexcept {
    if (this == &other) return *this;
    cgo_guard_error *const before = report_;
    report_ = cgo_guard_retain(other.report_);
    cgo_guard_free(before);
    return *this;
  }
  ~error() override { cgo_guard_free(report_); }

  // The implementation's, and with it the type_info, of which the program should have one.
  CGO_GUARD_SHARED const char *what() const noexcept override;
  /// The report. It lives as long as this exception; cgo_guard_retain keeps it longer.
  cgo_guard_error *report() const noexcept { return report_; }

 private:
  cgo_guard_error *report_;
};

/// A Go error, or a Go panic, that a callback reported. what() is its text, type() its Go type. Catching it and going
/// on is allowed, also for a panic: the Go value is dropped with the last copy.
class CGO_GUARD_SHARED go_error : public error {
 public:
  using error::error;
  CGO_GUARD_SHARED const char *what() const noexcept override;
  /// Such as "*fs.PathError"; lives as long as this exception.
  const char *type() const noexcept { return report()->name; }
  /// Whether it was a panic, which the guard's caller in Go goes on with, rather than an error that was returned.
  bool is_panic() const noexcept { return report()->go_panic != 0; }
};

#if defined(__cpp_exceptions)
/// Throws what a callback or a nested guard reported; returns where it succeeded.
/// @param report what cgoguard.Callback returned in Go, or what a guarded function returned; NULL is success. Owned by
///   check from here on.
/// @throws go_error for a Go error or panic, error for any other failure, std::invalid_argument for what is no report.
inline void check(cgo_guard_error *report) {
  if (CGO_GUARD_UNLIKELY(report != nullptr)) cgo_guard_v1_throw_report(report);
}
/// The same for an exported Go function, whose unsafe.Pointer is a `void *` to C.
inline void check(void *report) { check(static_cast<cgo_guard_error *>(report)); }
#endif  // __cpp_exceptions

CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CALLBACK_HPP
