// SPDX-License-Identifier: BSL-1.0
// Go errors and panics that go through C++.
#include "crossing.h"

#include <cstdio>
#include <exception>
#include <stdexcept>

#include "opaque.hpp"

extern "C" void *guardtest_checked_go_function(uintptr_t function);

namespace {

struct counter {
  int32_t &count;
  ~counter() { ++count; }
};

__attribute__((noinline)) void visit(uintptr_t function, guardtest_crossing_seen &seen) {
  const counter local{seen.destructors};
  cgo_guard::check(guardtest_checked_go_function(function));
  seen.went_on = 1;
}

void look_at(const cgo_guard::go_error &e, guardtest_crossing_seen &seen) {
  ++seen.caught;
  seen.is_panic = e.is_panic();
  std::snprintf(seen.type, sizeof seen.type, "%s", e.type());
  std::snprintf(seen.what, sizeof seen.what, "%s", e.what());
}

__attribute__((noinline)) void handle(uintptr_t function, int32_t how, guardtest_crossing_seen &seen) {
  const counter local{seen.destructors};
  std::exception_ptr kept;
  try {
    visit(function, seen);
  } catch (const cgo_guard::go_error &e) {
    look_at(e, seen);
    switch (how) {
      case GUARDTEST_SWALLOW: return;
      case GUARDTEST_CATCH_AND_RETHROW: throw;
      case GUARDTEST_NEST: std::throw_with_nested(std::runtime_error("the visit failed"));
      case GUARDTEST_REPLACE: throw std::out_of_range("something else");
      default: kept = std::current_exception();
    }
  }
  if (kept == nullptr) return;
  try {
    std::rethrow_exception(kept);
  } catch (const std::runtime_error &e) {
    ++seen.caught;
  }
  std::rethrow_exception(kept);
}

}  // namespace

extern "C" cgo_guard_error *guardtest_cross(uintptr_t function, int32_t how, guardtest_crossing_seen *seen) {
  return CGO_GUARD {
    if (how == GUARDTEST_PASS_ON) {
      visit(function, *seen);
    } else {
      handle(function, how, *seen);
    }
  };
}

extern "C" void guardtest_go_function(uintptr_t function);

extern "C" cgo_guard_error *guardtest_cross_unwrapped(uintptr_t function, guardtest_crossing_seen *seen) {
  return CGO_GUARD {
    const counter local{seen->destructors};
    guardtest_go_function(function);
    seen->went_on = 1;
  };
}

extern "C" cgo_guard_error *guardtest_check_inner_guard(void) {
  return CGO_GUARD {
    cgo_guard::check(CGO_GUARD { *static_cast<volatile uint64_t *>(guardtest::null_plus(0x80)) = 1; });
  };
}

extern "C" cgo_guard_error *guardtest_check_nonsense(int32_t which) {
  return CGO_GUARD {
    if (which == 0) {
      uint64_t number[16] = {42};
      cgo_guard::check(static_cast<void *>(number));
    }
    static int released;
    cgo_guard_error foreign = {};
    foreign.magic = CGO_GUARD_MAGIC;
    foreign.abi_version = CGO_GUARD_ABI_VERSION + 1;
    foreign.struct_size = sizeof foreign;
    foreign.release = [](cgo_guard_error *) { ++released; };
    try {
      cgo_guard::check(&foreign);
    } catch (const std::invalid_argument &e) {
      if (released != 1) throw std::logic_error("it was not released");
      throw;
    }
  };
}

extern "C" void guardtest_bare_go_function(void);
extern "C" void *guardtest_successful_go_function(void);

extern "C" cgo_guard_error *guardtest_bare_callbacks(uint64_t n) {
  return CGO_GUARD {
    for (uint64_t i = 0; i < n; ++i) guardtest_bare_go_function();
  };
}

extern "C" cgo_guard_error *guardtest_checked_callbacks(uint64_t n) {
  return CGO_GUARD {
    for (uint64_t i = 0; i < n; ++i) cgo_guard::check(guardtest_successful_go_function());
  };
}
