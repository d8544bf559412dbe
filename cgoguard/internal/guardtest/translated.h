/* SPDX-License-Identifier: BSL-1.0 */
/* Exceptions that have a translator: translated.cpp. */
#ifndef GUARDTEST_TRANSLATED_H
#define GUARDTEST_TRANSLATED_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

enum guardtest_translated {
  GUARDTEST_SOLD_OUT = 0,
  GUARDTEST_NESTED_SOLD_OUT = 1, /* the cause of a std::runtime_error */
  GUARDTEST_ODD_BYTES = 2,       /* no UTF-8, and NUL bytes */
  GUARDTEST_BAD_TRANSLATOR = 3   /* which throws */
};

cgo_guard_error *guardtest_throw_translated(int32_t which, const char *sku);

#ifdef __cplusplus
}
#endif
#endif
