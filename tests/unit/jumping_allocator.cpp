// SPDX-License-Identifier: BSL-1.0
// Loaded in front of libc by replaced_allocator_test.cpp: an allocator that a program brings along with much else. Its
// functions jump to the ones that do the work, so that none of them is on the stack when it crashes there.

#include <cstddef>

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
__asm__(
    ".pushsection .text\n"
    ".globl malloc, free, _ZdlPv, _ZdlPvm\n"
    ".type malloc,@function\n"
    ".type free,@function\n"
    ".type _ZdlPv,@function\n"
    ".type _ZdlPvm,@function\n"
    "malloc: jmp do_allocate\n"
    ".size malloc,.-malloc\n"
    "free: jmp do_free\n"
    ".size free,.-free\n"
    "_ZdlPv: jmp do_free\n"
    ".size _ZdlPv,.-_ZdlPv\n"
    "_ZdlPvm: jmp do_free\n"
    ".size _ZdlPvm,.-_ZdlPvm\n"
    ".popsection\n");

/// Makes this a library that is more than an allocator.
std::size_t strlen(const char *text) {
  std::size_t length = 0;
  while (static_cast<const volatile char *>(text)[length] != 0) ++length;
  return length;
}
}
