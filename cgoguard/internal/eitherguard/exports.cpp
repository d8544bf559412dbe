// SPDX-License-Identifier: BSL-1.0
#include "eitherguard.h"

#include <stdexcept>

[[gnu::noinline]] void eitherguard_find_row(int row) {
  if (row > 3) throw std::out_of_range("row 7");
}

[[gnu::noinline]] static void log_and_pass_on() {
  try {
    eitherguard_find_row(7);
  } catch (const std::exception &) {
    throw;
  }
}

cgo_guard_error *eitherguard_throw() {
  return CGO_GUARD { eitherguard_find_row(7); };
}
cgo_guard_error *eitherguard_throw_again() {
  return CGO_GUARD { log_and_pass_on(); };
}
int eitherguard_cxx_guards_signals() { return CGO_GUARD_GUARDS_SIGNALS; }
