// SPDX-License-Identifier: BSL-1.0
/// @file guarded.cpp
/// The guards, as a user writes them. The translation unit whose flags are under test.
#include <cgo_guard.h>

#include "program.h"

cgo_guard_error *guarded_success() { return CGO_GUARD{}; }

cgo_guard_error *guarded_throw() {
  return CGO_GUARD { with_destructor(throw_out_of_range); };
}

cgo_guard_error *guarded_fault() {
  return CGO_GUARD { with_destructor(write_null); };
}

cgo_guard_error *guarded_assertion() {
  return CGO_GUARD { with_destructor(fail_assertion); };
}

cgo_guard_error *guarded_noexcept() {
  return CGO_GUARD { break_noexcept(); };
}

cgo_guard_error *guarded_double_free() {
  return CGO_GUARD { with_destructor(free_twice); };
}

// The implementation's own statics may come later, and must not begin anew then.
static bool fail_before_main() {
  cgo_guard_free(CGO_GUARD { throw_out_of_range(); });
  return true;
}
[[maybe_unused]] static const bool failed_before_main = fail_before_main();

int guarded_value(int fail, cgo_guard_error **error) {
  return CGO_GUARD_VALUE(error) {
    if (fail != 0) throw_out_of_range();
    return 42;
  };
}
