// SPDX-License-Identifier: BSL-1.0
// Loaded in front of libc by replaced_allocator_test.cpp: an allocator that a program brings along with much else. Its
// functions jump to the ones that do the work, so that none of them is on the stack when it crashes there.

#include <cstddef>

#include "processor.hpp"

extern "C" void *__libc_malloc(std::size_t);
extern "C" void __libc_free(void *);

namespace {
/// The one pointer that this allocator finds to be corrupt.
constexpr std::size_t wild = 0x414141414140;
}  // namespace

extern "C" {
__attribute__((visibility("hidden"))) void *do_allocate(std::size_t size) { return __libc_malloc(size); }
__attribute__((visibility("hidden"))) void do_free(void *pointer) {
  if (reinterpret_cast<std::size_t>(pointer) == wild) *static_cast<volatile char *>(pointer) = 0;
  __libc_free(pointer);
}

// In assembly, because a compiler jumps only where it optimizes.
__asm__(PROCESSOR_JUMPING_FUNCTION("malloc", "do_allocate") PROCESSOR_JUMPING_FUNCTION("free", "do_free")
            PROCESSOR_JUMPING_FUNCTION("_ZdlPv", "do_free") PROCESSOR_JUMPING_FUNCTION("_ZdlPvm", "do_free"));

/// Makes this a library that is more than an allocator.
std::size_t strlen(const char *text) {
  std::size_t length = 0;
  while (static_cast<const volatile char *>(text)[length] != 0) ++length;
  return length;
}
}
