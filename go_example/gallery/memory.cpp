// SPDX-License-Identifier: BSL-1.0
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <sys/mman.h>

#include "gallery.h"

namespace {

const int table[256] = {1, 2, 3};

int deeper(int level) {
  volatile char room[100];
  room[0] = static_cast<char>(level);
  return hidden(level) < 0 ? 0 : deeper(level + 1) + room[0];
}

}  // namespace

extern "C" {
cgo_guard_error *read_null(void) {
  return CGO_GUARD { hidden(*hidden<int *>(nullptr)); };
}
cgo_guard_error *write_wild(void) {
  return CGO_GUARD { *hidden(reinterpret_cast<volatile int *>(0x123456789000)) = 1; };
}
cgo_guard_error *write_constant(void) {
  return CGO_GUARD { *hidden(const_cast<volatile int *>(&table[7])) = 1; };
}
cgo_guard_error *call_null(void) {
  return CGO_GUARD { hidden<void (*)()>(nullptr)(); };
}
cgo_guard_error *execute_data(void) {
  static char data[16];
  return CGO_GUARD { hidden(reinterpret_cast<void (*)()>(data))(); };
}
cgo_guard_error *read_past_file(void) {
  std::FILE *const file = std::tmpfile();
  void *const memory = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fileno(file), 0);
  std::fclose(file);  // the mapping stays, of a file with no bytes in it
  cgo_guard_error *const error = CGO_GUARD { hidden(*static_cast<volatile int *>(memory)); };
  munmap(memory, 4096);
  return error;
}
cgo_guard_error *overflow_stack(void) {
  return CGO_GUARD { hidden(deeper(0)); };
}
__attribute__((optimize("stack-protector-strong"), noinline)) static void copy_name(const char *name) {
  char room[8];
  std::strcpy(hidden(&room[0]), hidden(name));
  hidden(&room[0]);
}
cgo_guard_error *smash_stack(void) {
  return CGO_GUARD { copy_name("a name of more than 8 bytes"); };
}
cgo_guard_error *free_twice(void) {
  return CGO_GUARD {
    void *const block = hidden(std::malloc(24));
    std::free(block);
    std::free(hidden(block));
  };
}
cgo_guard_error *do_nothing(void) { return CGO_GUARD{}; }
}
