// SPDX-License-Identifier: BSL-1.0
#include <cgo_guard.h>

#include <cstdio>
#include <string>

extern "C" int describes_and_frees(cgo_guard_error *error, const char *expected);

namespace {
const int *volatile nothing = nullptr;
}

int main() {
  int value = 0;
  cgo_guard_error *thrown = CGO_GUARD { value = std::stoi("seven"); };
  if (!describes_and_frees(thrown, "std::invalid_argument")) return 1;
  cgo_guard_error *crashed = CGO_GUARD { value = *nothing; };
  if (!describes_and_frees(crashed, "SIGSEGV")) return 2;
  cgo_guard_error *fine = CGO_GUARD { value = std::stoi("7"); };
  if (fine != nullptr) return 3;
  std::puts(value == 7 ? "OK" : "a guard that succeeded did nothing");
  return 0;
}
