// SPDX-License-Identifier: BSL-1.0
#include <cgo_guard.h>

void work();

extern "C" cgo_guard_error *forgotten() {
  CGO_GUARD { work(); };  // warned
  return nullptr;
}

extern "C" void void_export() {
  CGO_GUARD { work(); };  // warned
}

extern "C" int forgotten_value(cgo_guard_error **error) {
  CGO_GUARD_VALUE(error) { return 1; };  // warned
  return 0;
}

extern "C" void malloced_text(const void *const *frames) {
  cgo_guard_format_frames(frames, 1, 1, 0, 0);  // warned
}

extern "C" cgo_guard_error *returned() {
  return CGO_GUARD { work(); };
}
extern "C" int returned_value(cgo_guard_error **error) {
  return CGO_GUARD_VALUE(error) { return 1; };
}
extern "C" void freed() {
  cgo_guard_free(CGO_GUARD { work(); });
}
extern "C" void dropped_on_purpose(cgo_guard_error **error) {
  static_cast<void>(CGO_GUARD_VALUE(error) { return 1; });
}
