/* SPDX-License-Identifier: BSL-1.0 */
#include <cgo_guard.h>
#ifdef __cplusplus
extern "C" {
#endif
cgo_guard_error *inventory_clear(void);
cgo_guard_error *inventory_count(int id, int *out);
int inventory_total(cgo_guard_error **error);
#ifdef __cplusplus
}
#endif
