// SPDX-License-Identifier: BSL-1.0
#ifndef NEIGHBOURS_FAILING_H
#define NEIGHBOURS_FAILING_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

cgo_guard_error *neighbours_fault(void);
cgo_guard_error *neighbours_throw(void);
// Throws and catches inside the guard.
cgo_guard_error *neighbours_catch(uint64_t times);
// The same without a guard.
void neighbours_catch_unguarded(uint64_t times);
// What a guard in a static constructor returned: a signal.
int32_t neighbours_before_main(void);

#ifdef __cplusplus
}
#endif
#endif  // NEIGHBOURS_FAILING_H
