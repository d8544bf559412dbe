/* SPDX-License-Identifier: BSL-1.0 */
/// @file main.c
/// What a cgo preamble has of the header, for a platform that this machine can only compile for.
#include <cgo_guard.h>

cgo_guard_error *count_rows(void);

#if CGO_GUARD_GUARDS_SIGNALS != EXPECTED
#error "CGO_GUARD_GUARDS_SIGNALS is not what docs/platforms.md says of this platform"
#endif

int main(void) {
  cgo_guard_error *const error = count_rows();
  const int failed = error != NULL;
  cgo_guard_print(error, stderr);
  cgo_guard_free(error);
  return failed == cgo_guard_guards_signals();
}
