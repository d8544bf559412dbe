// SPDX-License-Identifier: BSL-1.0
// Translators under the portable guard.
#include <memory>
#include <stdexcept>
#include <string>

#include <cgo_guard.h>

#include <cgo_guard/translator.hpp>

#include "catch.hpp"

namespace {

struct deleter {
  void operator()(cgo_guard_error *error) const { cgo_guard_free(error); }
};
using caught = std::unique_ptr<cgo_guard_error, deleter>;

struct sold_out : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct badly_translated : sold_out {
  using sold_out::sold_out;
};

const cgo_guard::translator<sold_out> translate_sold_out([](const sold_out &e, cgo_guard::translation &to) {
  to.code(CGO_GUARD_USER + 3).name("sold out").message("no more").field("what", e.what()).field("left", 0);
});
const cgo_guard::translator<badly_translated> translate_badly([](const badly_translated &, cgo_guard::translation &to) {
  to.code(CGO_GUARD_USER + 4);
  throw std::out_of_range("in the translator");
});

}  // namespace

TEST_CASE("The portable guard runs translators, for causes too") {
  const caught error(CGO_GUARD {
    try {
      throw sold_out("A-113");
    } catch (...) {
      std::throw_with_nested(std::runtime_error("outer"));
    }
  });
  REQUIRE(error);
  CHECK(error->field_count == 0);
  REQUIRE(error->cause != nullptr);
  const cgo_guard_error &cause = *error->cause;
  CHECK(cause.code == CGO_GUARD_USER + 3);
  CHECK(std::string(cause.name) == "sold out");
  CHECK(std::string(cause.message) == "no more");
  REQUIRE(cause.field_count == 2);
  CHECK(std::string(cause.fields[0].value) == "A-113");
  CHECK(std::string(cgo_guard_describe(error.get())).find("left: 0\n") != std::string::npos);
}

TEST_CASE("A translator that throws leaves the plain error of the portable guard, which says so") {
  const caught error(CGO_GUARD { throw badly_translated("plain"); });
  REQUIRE(error);
  CHECK(error->code == CGO_GUARD_EXCEPTION);
  CHECK(std::string(error->message).rfind("plain (its translator threw", 0) == 0);
  CHECK(error->field_count == 0);
}
