// SPDX-License-Identifier: BSL-1.0
/// @file report_exception.hpp
/// The part of callback.hpp that a program has once: the types of a report that is thrown, and the throw.
#ifndef CGO_GUARD_REPORT_EXCEPTION_HPP
#define CGO_GUARD_REPORT_EXCEPTION_HPP

#include <cstdint>
#include <cstdio>
#include <stdexcept>

#include "../../callback.hpp"

CGO_GUARD_NAMESPACE_BEGIN

// The key functions of their classes: a file that only catches has no type_info of its own, which another module's
// would have to be compared with by name. Inline here, and with them the vtables, so that the program may have them
// more than once.
__attribute__((used)) inline const char *error::what() const noexcept { return report_->message; }
__attribute__((used)) inline const char *go_error::what() const noexcept { return error::what(); }

CGO_GUARD_NAMESPACE_END

#if defined(__cpp_exceptions)

extern "C" __attribute__((used)) inline void cgo_guard_v1_throw_report(cgo_guard_error *report) {
  using namespace cgo_guard;
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

#else

extern "C" __attribute__((used)) inline void cgo_guard_v1_throw_report(cgo_guard_error *) {
  std::fputs("cgo_guard: check() can't throw: the file with CGO_GUARD_IMPLEMENTATION is compiled without exceptions\n",
             stderr);
  std::terminate();
}

#endif

#endif  // CGO_GUARD_REPORT_EXCEPTION_HPP
