// SPDX-License-Identifier: BSL-1.0
/// @file guarded.cpp
/// All that users include, for a platform that this machine can only compile for.
#include <stdexcept>

#include <cgo_guard.h>

#include <cgo_guard/floating_point.hpp>
#include <cgo_guard/thread.hpp>
#include <cgo_guard/translator.hpp>

#if CGO_GUARD_GUARDS_SIGNALS != EXPECTED
#error "CGO_GUARD_GUARDS_SIGNALS is not what docs/platforms.md says of this platform"
#endif

static const cgo_guard::translator<std::out_of_range> translate([](const std::out_of_range &e,
                                                                   cgo_guard::translation &to) {
  to.code(CGO_GUARD_USER).field("what", e.what());
});

extern "C" cgo_guard_error *count_rows() {
  return CGO_GUARD {
    cgo_guard_error *inner = nullptr;
    const int rows = CGO_GUARD_VALUE(&inner) { return 7; };
    cgo_guard::check(inner);
    cgo_guard::thread([rows] {
      if (rows > 3) throw std::out_of_range("row 7");
    }).join();
  };
}
