// SPDX-License-Identifier: BSL-1.0
#include "eitherguard.h"

#include <exception>
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

[[gnu::noinline]] static void promises_nothing_is_thrown() noexcept { eitherguard_find_row(7); }

cgo_guard_error *eitherguard_throw() {
  return CGO_GUARD { eitherguard_find_row(7); };
}
cgo_guard_error *eitherguard_throw_again() {
  return CGO_GUARD { log_and_pass_on(); };
}
cgo_guard_error *eitherguard_throw_unthrown() {
  const std::exception_ptr made = std::make_exception_ptr(std::out_of_range("row 7"));
  return CGO_GUARD { std::rethrow_exception(made); };
}
cgo_guard_error *eitherguard_break_noexcept() {
  return CGO_GUARD { promises_nothing_is_thrown(); };
}
int eitherguard_cxx_guards_signals() { return CGO_GUARD_GUARDS_SIGNALS; }
