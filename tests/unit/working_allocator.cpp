// SPDX-License-Identifier: BSL-1.0
// Loaded in front of libc by replaced_allocator_test.cpp: a library that counts allocations beside its own work.

#include <cstddef>

extern "C" {
void *__libc_malloc(std::size_t);
void *__libc_calloc(std::size_t, std::size_t);
void *__libc_realloc(void *, std::size_t);
void __libc_free(void *);

long allocations;

void *malloc(std::size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void *calloc(std::size_t count, std::size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void *realloc(void *old, std::size_t size) { return __libc_realloc(old, size); }
void free(void *pointer) { __libc_free(pointer); }

/// Its work: writes to where it is told.
void write_result(volatile int *where) { *where = 1; }
}
