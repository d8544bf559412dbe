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

#include <stdexcept>
#include <utility>

#include "abi.h"
#include "config.hpp"

CGO_GUARD_NAMESPACE_BEGIN

/// A `cgo_guard_error` on its way through C++ as an exception. Thrown by check() for the report of a nested guard, and
/// as go_error for that of a Go callback. what() is the report's message. When it reaches a guard, the report is the
/// cause of the guard's own error, with its own stack.
///
/// Copies share the report. Copying and destroying are thread-safe, don't throw and don't call into Go.
class error : public std::runtime_error {
 public:
  /// @param report a live error of this version; owned from here on.
  explicit error(cgo_guard_error *report) : std::runtime_error(owned{report}.report->message), report_(report) {}
  error(const error &other) noexcept : std::runtime_error(other), report_(cgo_guard_retain(other.report_)) {}
  error &operator=(const error &other) noexcept {
    if (this == &other) return *this;
    std::runtime_error::operator=(other);
    cgo_guard_free(std::exchange(report_, cgo_guard_retain(other.report_)));
    return *this;
  }
  ~error() override { cgo_guard_free(report_); }

  /// The report. It lives as long as this exception; cgo_guard_retain keeps it longer.
  cgo_guard_error *report() const noexcept { return report_; }

 private:
  /// Frees the report if the base class finds no memory for the message.
  struct owned {
    cgo_guard_error *report;
    int exceptions = std::uncaught_exceptions();
    ~owned() {
      if (std::uncaught_exceptions() > exceptions) cgo_guard_free(report);
    }
  };
  cgo_guard_error *report_;
};

/// A Go error, or a Go panic, that a callback reported. what() is its text, type() its Go type. Catching it and going
/// on is allowed, also for a panic: the Go value is dropped with the last copy.
class go_error : public error {
 public:
  using error::error;
  /// Such as "*fs.PathError"; lives as long as this exception.
  const char *type() const noexcept { return report()->name; }
  /// Whether it was a panic, which the guard's caller in Go goes on with, rather than an error that was returned.
  bool is_panic() const noexcept { return report()->go_panic != 0; }
};

#if defined(__cpp_exceptions)
namespace detail {
[[noreturn, gnu::cold, gnu::noinline]] inline void throw_report(cgo_guard_error *report) {
  std::uint64_t prefix[3];
  if (cgo_guard_read_prefix(report, prefix) == 0 || prefix[0] != CGO_GUARD_MAGIC) {
    throw std::invalid_argument(
        "cgo_guard::check was given a pointer that is no cgo_guard_error; pass what cgoguard.Callback or a guard "
        "returned");
  }
  if (report->abi_version != CGO_GUARD_ABI_VERSION || report->struct_size != sizeof *report) {
    report->release(report);
    throw std::invalid_argument(
        "cgo_guard::check was given an error of another version of cgo_guard.h; what it said can't be read");
  }
  if (report->code == CGO_GUARD_GO) throw go_error(report);
  throw error(report);
}
}  // namespace detail

/// Throws what a callback or a nested guard reported; returns where it succeeded.
/// @param report what cgoguard.Callback returned in Go, or what a guarded function returned; NULL is success. Owned by
///   check from here on.
/// @throws go_error for a Go error or panic, error for any other failure, std::invalid_argument for what is no report.
inline void check(cgo_guard_error *report) {
  if (CGO_GUARD_UNLIKELY(report != nullptr)) detail::throw_report(report);
}
/// The same for an exported Go function, whose unsafe.Pointer is a `void *` to C.
inline void check(void *report) { check(static_cast<cgo_guard_error *>(report)); }
#endif  // __cpp_exceptions

CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CALLBACK_HPP
