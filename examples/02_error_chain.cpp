// SPDX-License-Identifier: BSL-1.0
/// @file 02_error_chain.cpp
/// The error chain: what std::throw_with_nested puts inside one another comes back as causes, each with type, text and
/// number.

#include <cgo_guard.h>

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <system_error>

namespace {

void open_file(const std::string &path) { throw std::system_error(ENOENT, std::generic_category(), "open " + path); }

void load_table(const std::string &path) {
  try {
    open_file(path);
  } catch (...) {
    std::throw_with_nested(std::runtime_error("loading the table"));
  }
}

}  // namespace

extern "C" cgo_guard_error *start(const char *path) {
  return CGO_GUARD {
    try {
      load_table(path);
    } catch (...) {
      std::throw_with_nested(std::logic_error("starting up"));
    }
  };
}

int main() {
  cgo_guard_error *const error = start("prices.csv");
  if (error == nullptr) return 1;
  int depth = 0;
  int number = 0;
  for (const cgo_guard_error *e = error; e != nullptr; e = e->cause, ++depth) {
    std::printf("%*s%s: %s", depth * 2, "", e->name, e->message);
    if (e->number != 0) std::printf(" (%s %d)", e->category, e->number);
    std::printf("\n");
    number = e->number;
  }
  std::printf("\nthrown at:\n%s", cgo_guard_stack(error));
  cgo_guard_free(error);
  return depth == 3 && number == ENOENT ? 0 : 1;
}
