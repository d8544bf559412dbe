// SPDX-License-Identifier: BSL-1.0
#include <string>

#include "exports.h"

extern "C" cgo_guard_error *exported(const char *name) {  // want "exported returns an error, but has no guard"
  std::string text(name);
  if (text.empty()) return nullptr;
  return nullptr;
}

extern "C" {
namespace inventory {
struct item {
  int count;
};
cgo_guard_error *in_a_namespace(int *out) {  // want "in_a_namespace returns an error"
  *out = 1;
  return 0;
}
}  // namespace inventory

__attribute__((cold)) struct cgo_guard_error *in_a_block(int *out) noexcept {  // want "in_a_block returns an error"
  // The word CGO_GUARD in a comment, or in a string, is no guard.
  const char *text =
      "CGO_GUARD { }"
      R"x(CGO_GUARD " } return n; ")x";
  char quote = '"';
  *out = text[0] + quote + 1'000;
#if defined(__clang__)
  *out += 1;
#else
  *out += 2;
#endif
  return NULL;
}

int with_place(int n, cgo_guard_error **error) {  // want "with_place has a place for an error, but has no guard"
  *error = nullptr;
  return 1 / n;
}
}

cgo_guard_error *declared_elsewhere(int n) {  // want "declared_elsewhere returns an error"
  *reinterpret_cast<int *>(n) = 1;
  return 0;
}

int declared_place(int n, cgo_guard_error **) { return 1 / n; }  // want "declared_place has a place for an error"
