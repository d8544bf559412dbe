// SPDX-License-Identifier: BSL-1.0
#include "traceback.h"

#include <alloca.h>
#include <link.h>

#include <chrono>
#include <cstdlib>
#include <new>
#include <stdexcept>

#include "processor.hpp"

extern "C" void guardtest_go_function(uintptr_t function);

namespace guardtest {

[[gnu::noinline]] uint64_t turn_the_mill(uint64_t corn) {
  for (int i = 0; i < 10000; ++i) corn = opaque(corn * 3 + 1);
  return corn;
}

[[gnu::noinline]] void throw_if_positive(uint64_t number) {
  if (opaque(number) > 0) throw std::out_of_range("shelf");
}

class courier {
 public:
  [[gnu::noinline]] void hand_over(uintptr_t function) {
    guardtest_go_function(function);
    opaque(0);
  }
  [[gnu::noinline]] void walk_up(uintptr_t function) {
    hand_over(function);
    opaque(0);
  }
};

namespace {

[[gnu::noinline]] void fall_where_no_symbol_is() {
  *static_cast<volatile uint64_t *>(null_plus(0x50)) = 1;
  opaque(0);
}

}  // namespace

[[gnu::noinline]] void fall_off_the_frame(std::size_t size) {
  volatile char *const room = static_cast<char *>(alloca(opaque(size)));  // so that the frame is found by its pointer
  room[0] = 1;
  GUARDTEST_WRITE_WITHOUT_FRAME_POINTER;
}

[[gnu::noinline]] void call_nothing() {
  opaque<void (*)()>(nullptr)();
  opaque(0);
}

int fall_under_a_lock(dl_phdr_info *, std::size_t, void *) {
  *static_cast<volatile uint64_t *>(null_plus(0x60)) = 1;
  return opaque(0);
}

}  // namespace guardtest

void guardtest_compute(int32_t milliseconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  uint64_t corn = 1;
  while (std::chrono::steady_clock::now() < end) corn = guardtest::turn_the_mill(corn);
}

cgo_guard_error *guardtest_throw_and_catch(uint64_t times) {
  return CGO_GUARD {
    for (uint64_t i = 1; i <= times; ++i) {
      try {
        guardtest::throw_if_positive(i);
      } catch (const std::exception &) {
      }
    }
  };
}

void guardtest_deliver(uintptr_t function) {
  guardtest::courier().walk_up(function);
  guardtest::opaque(0);
}

void guardtest_crash_in_local_function(void) {
  guardtest::fall_where_no_symbol_is();
  guardtest::opaque(0);
}

void guardtest_crash_without_frame_pointer(void) {
  guardtest::fall_off_the_frame(100);
  guardtest::opaque(0);
}

void guardtest_crash_by_call(void) {
  guardtest::call_nothing();
  guardtest::opaque(0);
}

void guardtest_crash_under_loaders_lock(void) {
  dl_iterate_phdr(&guardtest::fall_under_a_lock, nullptr);
  guardtest::opaque(0);
}

/// Sizes that make no sense, for free to trip over.
void guardtest_crash_in_malloc(void) {
  auto **const chunks = new uint64_t *[64];
  for (int i = 0; i < 64; ++i) chunks[i] = new uint64_t[512];
  for (int i = 0; i < 64; ++i) chunks[i][-1] = uint64_t{0x7fff0000000} | 1;
  for (int i = 0; i < 64; ++i) delete[] guardtest::opaque(chunks[i]);
}

void guardtest_other_traceback(void *) {}
