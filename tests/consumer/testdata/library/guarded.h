/* SPDX-License-Identifier: BSL-1.0 */
#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif
cgo_guard_error *guarded_read_null(void);
cgo_guard_error *guarded_throw(void);
cgo_guard_error *guarded_abort(void);
/* Calls back into Go, and fails after that. */
cgo_guard_error *guarded_callback(void);
/* The same without a guard and without a failure. */
void plain_callback(void);
#ifdef __cplusplus
}
#endif
