/* SPDX-License-Identifier: BSL-1.0 */
#ifndef EXPORTS_H
#define EXPORTS_H
#include <cgo_guard.h>
#ifdef __cplusplus
extern "C" {
#endif
cgo_guard_error *declared_elsewhere(int n);
int declared_place(int n, cgo_guard_error **error);
#ifdef __cplusplus
}
#endif
#define guarded_by_macro return CGO_GUARD
#endif
