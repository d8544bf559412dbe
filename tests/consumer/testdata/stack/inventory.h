// SPDX-License-Identifier: BSL-1.0
#ifndef INVENTORY_H
#define INVENTORY_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

cgo_guard_error *inventory_count(void);

#ifdef __cplusplus
}
#endif

#endif  // INVENTORY_H
