// SPDX-License-Identifier: BSL-1.0
#include "cgo_guard.h"

#include <cstdio>
#include <cstring>

extern "C" cgo_guard_error *fail_in_a_thread();

namespace {
int *volatile nobody = nullptr;
}  // namespace

int main() {
  cgo_guard_error *const crashed = CGO_GUARD { *nobody = 1; };
  if (crashed == nullptr || std::strcmp(crashed->name, "SIGSEGV") != 0) return 1;
  cgo_guard_free(crashed);
  cgo_guard_error *const thrown = fail_in_a_thread();
  if (thrown == nullptr || thrown->cause == nullptr || thrown->cause->number != 7) return 2;
  cgo_guard_free(thrown);
  std::puts("OK");
}
