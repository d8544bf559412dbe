// SPDX-License-Identifier: BSL-1.0
#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "gallery.h"

namespace {

struct own_type {
  int reason = 7;
};

struct broken_what : std::exception {
  const char *what() const noexcept override { return *hidden<const char **>(nullptr); }
};

void look_up(int row) { hidden(std::vector<int>{1, 2, 3}.at(static_cast<std::size_t>(row))); }

void open_file(const char *path) { throw std::system_error(ENOENT, std::generic_category(), path); }

void load() {
  try {
    open_file("prices.csv");
  } catch (...) {
    std::throw_with_nested(std::runtime_error("loading the table"));
  }
}

void log_and_pass_on() {
  try {
    look_up(8);
  } catch (const std::exception &) {
    throw;  // after it was logged
  }
}

}  // namespace

extern "C" {
cgo_guard_error *throw_out_of_range(void) {
  return CGO_GUARD { look_up(7); };
}
cgo_guard_error *throw_number(void) {
  return CGO_GUARD { throw 42; };
}
cgo_guard_error *throw_text(void) {
  return CGO_GUARD { throw "a plain string"; };
}
cgo_guard_error *throw_own_type(void) {
  return CGO_GUARD { throw own_type(); };
}
cgo_guard_error *throw_nested(void) {
  return CGO_GUARD { load(); };
}
cgo_guard_error *throw_file_not_found(void) {
  return CGO_GUARD { open_file("prices.csv"); };
}
cgo_guard_error *throw_again_after_logging(void) {
  return CGO_GUARD { log_and_pass_on(); };
}
cgo_guard_error *throw_with_broken_what(void) {
  return CGO_GUARD { throw broken_what(); };
}
}
