// SPDX-License-Identifier: BSL-1.0
// One export for each way in which an instruction can fail.
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "processor.hpp"

using guardtest::null_plus;
using guardtest::opaque;

namespace guardtest {

class inventory {
 public:
  __attribute__((noinline)) uint64_t count() const { return opaque(this)->count_; }

 private:
  uint64_t count_;
};

// One mapping for the whole process: the fault in it skips whatever would have unmapped it.
volatile uint64_t *page_past_end_of_file() {
  static volatile uint64_t *const page = [] {
    const int file = memfd_create("guardtest", MFD_CLOEXEC);
    void *memory = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (memory == MAP_FAILED) throw std::runtime_error("mmap of an empty file failed");
    return static_cast<volatile uint64_t *>(memory);
  }();
  return page;
}

__attribute__((noinline)) uint64_t recurse(uint64_t depth) {
  volatile char room[256];
  room[depth % sizeof room] = 1;
  if (opaque(depth) == UINT64_MAX) return 0;
  return recurse(depth + 1) + room[0];
}

}  // namespace guardtest

extern "C" cgo_guard_error *guardtest_null_read(uint64_t token) {
  return CGO_GUARD { opaque(*static_cast<volatile uint64_t *>(null_plus(token))); };
}

extern "C" cgo_guard_error *guardtest_null_write(uint64_t token) {
  return CGO_GUARD { *static_cast<volatile uint64_t *>(null_plus(token)) = 1; };
}

extern "C" cgo_guard_error *guardtest_null_call(uint64_t) {
  return CGO_GUARD { opaque(static_cast<void (*)()>(nullptr))(); };
}

extern "C" cgo_guard_error *guardtest_null_object(uint64_t) {
  return CGO_GUARD { opaque(opaque(static_cast<guardtest::inventory *>(nullptr))->count()); };
}

extern "C" cgo_guard_error *guardtest_write_read_only(uint64_t) {
  return CGO_GUARD {
    static const char text[] = "in .rodata";
    *const_cast<volatile char *>(opaque(text)) = 'I';
  };
}

extern "C" cgo_guard_error *guardtest_execute_data(uint64_t) {
  return CGO_GUARD {
    static uint64_t data[8] = {};
    reinterpret_cast<void (*)()>(opaque(data))();
  };
}

// Not canonical: no such address can exist, so the processor reports a protection fault without an address.
extern "C" cgo_guard_error *guardtest_wild_read(uint64_t token) {
  return CGO_GUARD { opaque(*reinterpret_cast<volatile uint64_t *>(0xdead000000000000 | (token & 0xffff8))); };
}

extern "C" cgo_guard_error *guardtest_read_past_file(uint64_t) {
  return CGO_GUARD { opaque(guardtest::page_past_end_of_file()[0]); };
}

extern "C" cgo_guard_error *guardtest_arithmetic_exception(uint64_t token) {
  return CGO_GUARD { guardtest::arithmetic_exception(static_cast<int>(token)); };
}

extern "C" cgo_guard_error *guardtest_illegal_instruction(uint64_t) {
  return CGO_GUARD { guardtest::illegal_instruction(); };
}

extern "C" cgo_guard_error *guardtest_breakpoint(uint64_t) {
  return CGO_GUARD { guardtest::breakpoint(); };
}

extern "C" cgo_guard_error *guardtest_raise_sigsys(uint64_t) {
  return CGO_GUARD { std::raise(SIGSYS); };
}

extern "C" cgo_guard_error *guardtest_raise_sigsegv(uint64_t) {
  return CGO_GUARD { std::raise(SIGSEGV); };
}

extern "C" cgo_guard_error *guardtest_stack_overflow(uint64_t) {
  return CGO_GUARD { opaque(guardtest::recurse(0)); };
}
