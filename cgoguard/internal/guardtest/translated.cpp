// SPDX-License-Identifier: BSL-1.0
// Exceptions that have a translator. It needs RTTI, in this file only.
#include "translated.h"

#include <cgo_guard/translator.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

namespace guardtest {

struct sold_out : std::runtime_error {
  explicit sold_out(const char *s) : std::runtime_error("sold out"), sku(s) {}
  std::string sku;
};
struct odd_bytes {};
struct badly_translated : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace guardtest

static const cgo_guard::translator<guardtest::sold_out> translate_sold_out([](const guardtest::sold_out &e,
                                                                              cgo_guard::translation &to) {
  to.code(CGO_GUARD_USER + 3).number(12).category("inventory").field("sku", e.sku);
});

static const cgo_guard::translator<guardtest::odd_bytes> translate_odd_bytes([](const guardtest::odd_bytes &,
                                                                                cgo_guard::translation &to) {
  to.message(std::string_view("caf\xe9\0", 5)).field("caf\xe9", std::string_view("a\0b", 3));
});

static const cgo_guard::translator<guardtest::badly_translated> translate_badly([](const guardtest::badly_translated &,
                                                                                   cgo_guard::translation &) {
  throw std::out_of_range("in the translator");
});

extern "C" cgo_guard_error *guardtest_throw_translated(int32_t which, const char *sku) {
  return CGO_GUARD {
    switch (which) {
      case GUARDTEST_SOLD_OUT: throw guardtest::sold_out(sku);
      case GUARDTEST_ODD_BYTES: throw guardtest::odd_bytes();
      case GUARDTEST_BAD_TRANSLATOR: throw guardtest::badly_translated("the plain message");
    }
    try {
      throw guardtest::sold_out(sku);
    } catch (...) {
      std::throw_with_nested(std::runtime_error("the order failed"));
    }
  };
}
