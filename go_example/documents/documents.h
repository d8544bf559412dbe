// SPDX-License-Identifier: BSL-1.0
// What Go calls. Every function is guarded: it returns an error, or NULL, whatever the C++ behind it does.
//
// Text comes as pointer and length, because a JSON document may hold a NUL byte where none belongs. An answer is one
// string of `*out_size` bytes, which the caller releases with free(). After an error there is none.
#ifndef DOCUMENTS_H
#define DOCUMENTS_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

cgo_guard_error *documents_parse(const char *text, size_t size, char **out, size_t *out_size);
cgo_guard_error *documents_query(const char *text, size_t size, const char *pointer, size_t pointer_size, char **out,
                                 size_t *out_size);
cgo_guard_error *documents_merge(const char *target, size_t target_size, const char *patch, size_t patch_size,
                                 char **out, size_t *out_size);
cgo_guard_error *documents_price(const char *catalogue, size_t size, const char *item, size_t item_size, char **out,
                                 size_t *out_size);
cgo_guard_error *documents_page(const char *list, size_t size, uint32_t number, uint32_t page_size, char **out,
                                size_t *out_size);

// The other form of a guard: the value is what the function returns, and the error goes to *error.
uint64_t documents_depth(const char *text, size_t size, cgo_guard_error **error);

#ifdef __cplusplus
}
#endif
#endif  // DOCUMENTS_H
