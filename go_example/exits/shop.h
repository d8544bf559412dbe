/* SPDX-License-Identifier: BSL-1.0 */
#ifndef SHOP_H
#define SHOP_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The sum of the prices in a table. */
cgo_guard_error *shop_total(const char *table, int64_t *total);
/* What C++ still holds: open streams, and rows read by calls that have ended. Both are 0. */
void shop_holds(int32_t *streams, int32_t *rows);

#ifdef __cplusplus
}
#endif
#endif
