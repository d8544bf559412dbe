// SPDX-License-Identifier: BSL-1.0
// What somebody might pass to cgoguard.Err by mistake.
#include <atomic>

#include "opaque.hpp"

namespace guardtest {

std::atomic<int32_t> released{0};

void release_future_error(guardtest_future_error *error) {
  released++;
  delete error;
}

}  // namespace guardtest

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
