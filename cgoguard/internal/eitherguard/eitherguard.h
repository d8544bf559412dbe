/* SPDX-License-Identifier: BSL-1.0 */
/* What package eitherguard calls. */
#ifndef EITHERGUARD_H
#define EITHERGUARD_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

cgo_guard_error *eitherguard_throw(void);
cgo_guard_error *eitherguard_throw_again(void);
cgo_guard_error *eitherguard_throw_unthrown(void);
cgo_guard_error *eitherguard_break_noexcept(void);
int eitherguard_cxx_guards_signals(void);

#ifdef __cplusplus
}
#endif

#endif
