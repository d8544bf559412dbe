/* SPDX-License-Identifier: BSL-1.0 */
/* A catalogue in C++ that shows its items to a visitor in Go. */
#ifndef CATALOGUE_H
#define CATALOGUE_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Shows every item to the visitor. The first one that it refuses ends the visit. */
cgo_guard_error *catalogue_visit(uintptr_t visitor);
/* The same, but what the visitor refuses is counted, and the visit goes on. */
cgo_guard_error *catalogue_visit_all(uintptr_t visitor, int32_t *refused);
/* The price of an item, in cents. Crashes for an item without a price. */
cgo_guard_error *catalogue_price(int32_t item, int64_t *cents);
/* Whether a visit has left the catalogue locked. */
int32_t catalogue_is_locked(void);

#ifdef __cplusplus
}
#endif
#endif
