// SPDX-License-Identifier: BSL-1.0
#include "inventory.h"

namespace {
struct owner {
  int id;
};
owner *volatile nobody = nullptr;
}  // namespace

cgo_guard_error *inventory_owner(int *out) {
  return CGO_GUARD { *out = nobody->id; };
}
