// SPDX-License-Identifier: BSL-1.0
// What somebody might pass to cgoguard.Err by mistake.
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <sys/mman.h>

#include "opaque.hpp"

namespace guardtest {

std::atomic<int32_t> released{0};

void release_future_error(guardtest_future_error *error) {
  released++;
  delete error;
}

}  // namespace guardtest

extern "C" cgo_guard_error *guardtest_wild_error() {
  return reinterpret_cast<cgo_guard_error *>(std::uintptr_t{0x414141414140});
}

extern "C" cgo_guard_error *guardtest_error_at_the_end() {
  constexpr std::size_t page = 4096;
  void *const memory = mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(static_cast<char *>(memory) + page, page, PROT_NONE);
  return reinterpret_cast<cgo_guard_error *>(static_cast<char *>(memory) + page - sizeof(std::uint64_t));
}

extern "C" guardtest_future_error *guardtest_make_future_error(int32_t with_release) {
  auto *error = new guardtest_future_error();
  error->magic = CGO_GUARD_MAGIC;
  error->abi_version = CGO_GUARD_ABI_VERSION + 1;
  error->struct_size = sizeof *error;
  error->release = with_release ? guardtest::release_future_error : nullptr;
  return error;
}

extern "C" int32_t guardtest_future_errors_released(void) { return guardtest::released; }

extern "C" guardtest_small *guardtest_make_small(void) {
  static guardtest_small small = {42};
  return &small;
}

extern "C" guardtest_unrelated *guardtest_make_unrelated(void) {
  static guardtest_unrelated unrelated = {{1, 2, 3, 4}};
  return &unrelated;
}
