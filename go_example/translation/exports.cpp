// SPDX-License-Identifier: BSL-1.0
// The border to Go: the guards, and what of the library's exceptions matters there.
#include "exports.h"

#include <cgo_guard/translator.hpp>

#include "inventory.hpp"

static const cgo_guard::translator<inventory::error> translate_inventory([](const inventory::error &e,
                                                                            cgo_guard::translation &to) {
  to.code(CGO_GUARD_USER + static_cast<int>(e.why())).field("sku", e.sku());
});

extern "C" cgo_guard_error *inventory_take(const char *sku, int32_t pieces, int32_t *left) {
  return CGO_GUARD { *left = inventory::take(sku, pieces); };
}

extern "C" cgo_guard_error *inventory_order(const char *skus) {
  return CGO_GUARD { inventory::order(skus); };
}
