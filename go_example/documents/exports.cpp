// SPDX-License-Identifier: BSL-1.0
// The boundary: each function of documents.h, guarded. Nothing else in this library knows of guards.
#include <cstdlib>
#include <cstring>
#include <new>

#include "documents.h"
#include "documents.hpp"

namespace documents {

namespace {

/// The last step of every block, so that there is nothing to release where an earlier one fails. malloc, because Go
/// releases with free.
void give(const std::string &text, char **out, std::size_t *out_size) {
  char *const copy = static_cast<char *>(std::malloc(text.size() + 1));
  if (copy == nullptr) throw std::bad_alloc();
  std::memcpy(copy, text.c_str(), text.size() + 1);
  *out = copy;
  *out_size = text.size();
}

}  // namespace
}  // namespace documents

using documents::give;
using view = std::string_view;

extern "C" cgo_guard_error *documents_parse(const char *text, size_t size, char **out, size_t *out_size) {
  return CGO_GUARD { give(documents::parse(view(text, size)), out, out_size); };
}

extern "C" cgo_guard_error *documents_query(const char *text, size_t size, const char *pointer, size_t pointer_size,
                                            char **out, size_t *out_size) {
  return CGO_GUARD { give(documents::query(view(text, size), view(pointer, pointer_size)), out, out_size); };
}

extern "C" cgo_guard_error *documents_merge(const char *target, size_t target_size, const char *patch,
                                            size_t patch_size, char **out, size_t *out_size) {
  return CGO_GUARD { give(documents::merge(view(target, target_size), view(patch, patch_size)), out, out_size); };
}

extern "C" cgo_guard_error *documents_price(const char *catalogue, size_t size, const char *item, size_t item_size,
                                            char **out, size_t *out_size) {
  return CGO_GUARD { give(documents::price(view(catalogue, size), view(item, item_size)), out, out_size); };
}

extern "C" cgo_guard_error *documents_page(const char *list, size_t size, uint32_t number, uint32_t page_size,
                                           char **out, size_t *out_size) {
  return CGO_GUARD { give(documents::page(view(list, size), number, page_size), out, out_size); };
}

extern "C" uint64_t documents_depth(const char *text, size_t size, cgo_guard_error **error) {
  return CGO_GUARD_VALUE(error) { return static_cast<uint64_t>(documents::depth(view(text, size))); };
}
