// SPDX-License-Identifier: BSL-1.0
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "support.hpp"

namespace base_types_test {

struct shop_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct tagged {
  int tag = 1;
};
struct sold_out : shop_error, tagged {
  sold_out() : shop_error("sold out") {}
};
struct hidden : private std::logic_error {
  hidden() : std::logic_error("hidden") {}
};
struct left : std::runtime_error {
  left() : std::runtime_error("left") {}
};
struct right : std::runtime_error {
  right() : std::runtime_error("right") {}
};
struct twice : left, right {};
struct virtual_left : virtual tagged {};
struct virtual_right : virtual tagged {};
struct diamond : virtual_left, virtual_right {};

}  // namespace base_types_test

using namespace base_types_test;

namespace {

template <class F>
std::string types_of(F &&throwing) {
  const caught error(CGO_GUARD { throwing(); });
  return error ? error->types : "no error";
}

}  // namespace

GUARDED_TEST_CASE("An error has the names that a catch clause could have, most derived first") {
  const std::string end = "std::runtime_error\nstd::exception\n";
  CHECK(types_of([] { throw std::range_error("x"); }) == "std::range_error\n" + end);
  CHECK(types_of([] { throw std::range_error("again, from the table"); }) == "std::range_error\n" + end);
  CHECK(types_of([] { throw sold_out(); }) ==
        "base_types_test::sold_out\nbase_types_test::shop_error\nbase_types_test::tagged\n" + end);
  CHECK(types_of([] { throw 7; }) == "int\n");
  CHECK(types_of([] { throw std::string("text"); }) == "std::string\n");
  CHECK(types_of([] { throw "text"; }) == "char const*\n");
  CHECK(types_of([] { throw std::filesystem::filesystem_error("x", std::error_code()); }) ==
        "std::filesystem::filesystem_error\nstd::system_error\n" + end);
}

GUARDED_TEST_CASE(
    "Bases that no catch clause would get are not among them: private ones, and those that there are two of") {
  CHECK(types_of([] { throw hidden(); }) == "base_types_test::hidden\n");
  CHECK(types_of([] { throw twice(); }) == "base_types_test::twice\nbase_types_test::left\nbase_types_test::right\n");
  CHECK(types_of([] { throw diamond(); }) ==
        "base_types_test::diamond\nbase_types_test::virtual_left\nbase_types_test::virtual_right\n"
        "base_types_test::tagged\n");
}

GUARDED_TEST_CASE("What std::throw_with_nested throws is of the type that was named, and its cause has types too") {
  const caught error(CGO_GUARD {
    try {
      throw std::out_of_range("row 7");
    } catch (...) {
      std::throw_with_nested(shop_error("loading"));
    }
  });
  REQUIRE(error);
  CHECK(std::string(error->types).rfind("base_types_test::shop_error\n", 0) == 0);
  CHECK(std::string(error->types).find("std::runtime_error\n") != std::string::npos);
  REQUIRE(error->cause);
  CHECK(std::string(error->cause->types) == "std::out_of_range\nstd::logic_error\nstd::exception\n");
}

GUARDED_TEST_CASE("What is no exception has no types") {
  const caught error(CGO_GUARD { std::raise(SIGSEGV); });
  REQUIRE(error);
  CHECK(std::string(error->types).empty());
}

GUARDED_TEST_CASE("A guard's report that goes on as an exception says what its failure was called") {
  const auto inner = [] {
    return CGO_GUARD { throw std::out_of_range("row 7"); };
  };
  const caught once(CGO_GUARD { cgo_guard::check(inner()); });
  REQUIRE(once);
  CHECK(std::string(once->name) == "cgo_guard::error");
  CHECK(message_of(once) == "std::out_of_range: row 7");
  CHECK(std::string(once->types) == "cgo_guard::error\nstd::exception\n");
  const caught twice_over(CGO_GUARD { cgo_guard::check(CGO_GUARD { cgo_guard::check(inner()); }); });
  REQUIRE(twice_over);
  CHECK(message_of(twice_over) == "std::out_of_range: row 7");
}
