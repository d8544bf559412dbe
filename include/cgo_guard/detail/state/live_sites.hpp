// SPDX-License-Identifier: BSL-1.0
/// @file live_sites.hpp
/// Which guards the errors are from that nobody has released: what an ignored `C.f()` leaves behind.
#ifndef CGO_GUARD_LIVE_SITES_HPP
#define CGO_GUARD_LIVE_SITES_HPP

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "../../abi.h"
#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Counts errors by site in a table of the caller's.
class live_site_counter {
 public:
  live_site_counter(cgo_guard_live_site *table, std::uint64_t room) noexcept : table_(table), room_(room) {}

  void add(const char *function, const char *file, std::int32_t line) noexcept {
    for (std::uint64_t i = 0; i < used_; ++i) {
      cgo_guard_live_site &site = table_[i];
      if (site.line != line || !same(site.file, file) || !same(site.function, function)) continue;
      ++site.errors;
      return;
    }
    if (used_ == room_) return;
    table_[used_++] = {function, file, line, 1};
  }

  /// Sorts the table. @return how many sites there are.
  std::uint64_t finish() noexcept {
    std::sort(table_, table_ + used_, [](const cgo_guard_live_site &a, const cgo_guard_live_site &b) {
      return a.errors != b.errors ? a.errors > b.errors : a.line < b.line;
    });
    return used_;
  }

 private:
  /// Every file that includes a header with a guard in it has its own copy of the names.
  static bool same(const char *a, const char *b) noexcept { return a == b || std::strcmp(a, b) == 0; }

  cgo_guard_live_site *table_;
  std::uint64_t room_, used_ = 0;
};

/// The site of an error that a callback reported: it has no guard.
constexpr const char *callback_site = "cgoguard.Callback";

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_LIVE_SITES_HPP
