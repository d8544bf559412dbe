// SPDX-License-Identifier: BSL-1.0
#include "inventory.h"

#include <map>

static std::map<int, int> items;

cgo_guard_error *inventory_clear() {  // want "no guard"
  items.clear();
  return nullptr;
}

cgo_guard_error *inventory_count(int id, int *out) {
  return CGO_GUARD { *out = items.at(id); };
}

int inventory_total(cgo_guard_error **error) {
  return CGO_GUARD_VALUE(error) {
    int total = 0;
    for (const auto &[id, count] : items) total += count;
    return total;
  };
}
