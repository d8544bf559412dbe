// SPDX-License-Identifier: BSL-1.0
#include "inventory.h"

#include <vector>

namespace {
struct owner {
  int id;
};
owner *volatile nobody = nullptr;
}  // namespace

cgo_guard_error *inventory_item(int index, int *out) {
  return CGO_GUARD {
    const std::vector<int> items{7, 8, 9};
    *out = items.at(static_cast<std::size_t>(index));
  };
}

cgo_guard_error *inventory_owner(int *out) {
  return CGO_GUARD { *out = nobody->id; };
}
