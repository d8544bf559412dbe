// SPDX-License-Identifier: BSL-1.0
// The preprocessor would have to be asked which brace belongs to which function.
#include "exports.h"

#ifdef TORN
extern "C" cgo_guard_error *torn(int *n) {
#else
extern "C" cgo_guard_error *torn(int *n) {
  {
#endif
  *n = 1;
  return nullptr;
}
#ifndef TORN
}
#endif
