// SPDX-License-Identifier: BSL-1.0
#include <cstdio>
#include <stdexcept>
#include <string>

#include <sys/prctl.h>

#include <cgo_guard/detail/stack/stack_text.hpp>

#include "faults.hpp"
#include "support.hpp"

namespace {

std::string visible(std::string text) {
  cgo_guard::detail::make_visible(text);
  return text;
}

constexpr const char *evil =
    "\x1b]0;owned\a \r \b \x7f \xc2\x9b"
    "31m \x9b \xe2\x80\xae";

}  // namespace

TEST_CASE("What steers a terminal is escaped as Go would, and the rest is left alone") {
  CHECK(visible("") == "");
  CHECK(visible("a plain text, \ttabs") == "a plain text, \ttabs");
  CHECK(visible("na\xc3\xafve \xe6\x97\xa5 \xf0\x9f\x8e\x89") == "na\xc3\xafve \xe6\x97\xa5 \xf0\x9f\x8e\x89");
  CHECK(visible("\x1b[2J") == "\\x1b[2J");
  CHECK(visible("a\r\nb") == "a\\r\\nb");
  CHECK(visible(std::string("nul \0 in it", 11)) == "nul \\x00 in it");
  CHECK(visible("\x7f") == "\\x7f");
  CHECK(visible("C1 as UTF-8 \xc2\x9b, and raw \x9b") == "C1 as UTF-8 \\u009b, and raw \\x9b");
  CHECK(visible("\xe2\x80\xa8 \xe2\x80\xae \xe2\x81\xa6") == "\\u2028 \\u202e \\u2066");
}

TEST_CASE("Bytes that are no UTF-8 are escaped one by one") {
  CHECK(visible("caf\xe9") == "caf\\xe9");
  CHECK(visible("\xe6\x97") == "\\xe6\\x97");
  CHECK(visible("\xc0\x8a") == "\\xc0\\x8a");           // an overlong line break
  CHECK(visible("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // a surrogate
  CHECK(visible("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
}

GUARDED_TEST_CASE("A message can neither steer a terminal nor forge a line of the description; the error has it raw") {
  const std::string message = std::string(evil) + "\ncleanup: forged";
  caught error(CGO_GUARD {
    try {
      throw std::runtime_error(message);
    } catch (...) {
      std::throw_with_nested(std::logic_error(message));
    }
  });
  REQUIRE(error);
  CHECK(message_of(error) == message);
  const std::string text = cgo_guard_describe(error.get());
  INFO(text);
  CHECK(text.find_first_of("\x1b\a\r\b\x7f") == std::string::npos);
  CHECK_FALSE(contains(text, "\xc2\x9b"));
  CHECK_FALSE(contains(text, "\xe2\x80\xae"));
  CHECK_FALSE(contains(text, "\ncleanup: forged"));
  CHECK(contains(text, "\n         cleanup: forged"));
}

DEATH_CASE(thread_with_an_evil_name) {
  prctl(PR_SET_NAME, "\x1b[2J\rxyz");
  cgo_guard_options options = {};
  options.struct_size = sizeof options;
  cgo_guard_configure(&options);
  faults::write_null();
}
TEST_CASE("The name of a thread steers no terminal from the report of a crash") {
  const death d = die(thread_with_an_evil_name);
  INFO(d.output);
  CHECK(contains(d.output, "(\\x1b[2J\\rxyz), under no guard"));
}

TEST_CASE("The names of symbols and files steer no terminal from a stack") {
  std::vector<cgo_guard::detail::resolved_frame> frames(1);
  frames[0].function = "f\x1b[2J";
  frames[0].file = "/src/\x1b[2J.cpp";
  frames[0].module = "/lib/\r.so";
  cgo_guard::detail::make_visible(frames);
  CHECK(frames[0].function == "f\\x1b[2J");
  CHECK(frames[0].file == "/src/\\x1b[2J.cpp");
  CHECK(frames[0].module == "/lib/\\r.so");
}
