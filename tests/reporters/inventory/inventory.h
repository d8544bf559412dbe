// SPDX-License-Identifier: BSL-1.0
#ifndef REPORTERS_INVENTORY_H
#define REPORTERS_INVENTORY_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

cgo_guard_error *inventory_fault(void);
// Three exceptions, each the cause of the one before.
cgo_guard_error *inventory_nested(void);
// Calls the Go function of that handle.
void inventory_deliver(uintptr_t function);

#ifdef __cplusplus
}
#endif
#endif  // REPORTERS_INVENTORY_H
