/* SPDX-License-Identifier: BSL-1.0 */
#ifndef EXPORTS_H
#define EXPORTS_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

cgo_guard_error *inventory_take(const char *sku, int32_t pieces, int32_t *left);
cgo_guard_error *inventory_order(const char *skus);

#ifdef __cplusplus
}
#endif
#endif
