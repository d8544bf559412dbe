/* SPDX-License-Identifier: BSL-1.0 */
#include <cgo_guard.h>
#include <string.h>

/* C has no guards, but it can read and release what they return. */
int describes_and_frees(cgo_guard_error *error, const char *expected) {
  int found = error != NULL && strstr(cgo_guard_describe(error), expected) != NULL;
  cgo_guard_free(error);
  return found;
}
