/* SPDX-License-Identifier: BSL-1.0 */
#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif
cgo_guard_error *inventory_owner(int *out);
#ifdef __cplusplus
}
#endif
