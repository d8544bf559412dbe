// SPDX-License-Identifier: BSL-1.0
// One export for each kind of thing that C++ can throw.
#include <cerrno>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "opaque.hpp"

using guardtest::token_text;

namespace guardtest {

struct shelf {
  uint64_t number;
};

class warehouse_category : public std::error_category {
 public:
  const char *name() const noexcept override { return "warehouse"; }
  std::string message(int value) const override { return "shelf " + std::to_string(value) + " is empty"; }
};

void find_shelf(uint64_t token) { throw std::invalid_argument("innermost " + token_text(token)); }

void find_item(uint64_t token) {
  try {
    find_shelf(token);
  } catch (...) {
    std::throw_with_nested(std::runtime_error("middle " + token_text(token)));
  }
}

void count_items(uint64_t token) {
  try {
    find_item(token);
  } catch (...) {
    std::throw_with_nested(std::logic_error("outermost " + token_text(token)));
  }
}

}  // namespace guardtest

extern "C" cgo_guard_error *guardtest_throw_int(uint64_t token) {
  return CGO_GUARD { throw static_cast<int>(token); };
}

extern "C" cgo_guard_error *guardtest_throw_char_pointer(uint64_t) {
  return CGO_GUARD { throw "a literal"; };
}

extern "C" cgo_guard_error *guardtest_throw_string(uint64_t token) {
  return CGO_GUARD { throw token_text(token); };
}

extern "C" cgo_guard_error *guardtest_throw_struct(uint64_t token) {
  return CGO_GUARD { throw guardtest::shelf{token}; };
}

extern "C" cgo_guard_error *guardtest_throw_out_of_range(uint64_t token) {
  return CGO_GUARD { throw std::out_of_range(token_text(token)); };
}

extern "C" cgo_guard_error *guardtest_throw_system_error(uint64_t token) {
  return CGO_GUARD { throw std::system_error(ENOENT, std::generic_category(), token_text(token)); };
}

extern "C" cgo_guard_error *guardtest_throw_filesystem_error(uint64_t token) {
  return CGO_GUARD { guardtest::opaque(std::filesystem::file_size("/nonexistent/" + token_text(token) + "/")); };
}

// The same number as ENOENT, in a category where it means something else.
extern "C" cgo_guard_error *guardtest_throw_own_category(uint64_t token) {
  return CGO_GUARD {
    static const guardtest::warehouse_category category;
    throw std::system_error(ENOENT, category, token_text(token));
  };
}

extern "C" cgo_guard_error *guardtest_throw_nested(uint64_t token) {
  return CGO_GUARD { guardtest::count_items(token); };
}
