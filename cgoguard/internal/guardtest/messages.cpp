// SPDX-License-Identifier: BSL-1.0
// Exceptions whose message is itself trouble.
#include <exception>
#include <stdexcept>

#include "opaque.hpp"

using guardtest::token_text;

namespace guardtest {

struct what_null : std::exception {
  const char *what() const noexcept override { return nullptr; }
};

__attribute__((noinline)) void format_message() { throw std::runtime_error("what() threw"); }

// what() has to be noexcept, because it is in std::exception. So this ends in std::terminate, unless whoever calls it
// is prepared.
struct what_throws : std::exception {
  const char *what() const noexcept override {
    opaque (&format_message)();
    return "not reached";
  }
};

struct what_crashes : std::exception {
  const char *what() const noexcept override {
    *null_plus(0) = 1;
    return "not reached";
  }
};

}  // namespace guardtest

extern "C" cgo_guard_error *guardtest_what_null(uint64_t) {
  return CGO_GUARD { throw guardtest::what_null(); };
}

extern "C" cgo_guard_error *guardtest_what_throws(uint64_t) {
  return CGO_GUARD { throw guardtest::what_throws(); };
}

extern "C" cgo_guard_error *guardtest_what_crashes(uint64_t) {
  return CGO_GUARD { throw guardtest::what_crashes(); };
}

extern "C" cgo_guard_error *guardtest_what_huge(uint64_t token) {
  return CGO_GUARD { throw std::runtime_error(std::string(1 << 20, 'x') + token_text(token)); };
}

extern "C" cgo_guard_error *guardtest_what_invalid_utf8(uint64_t token) {
  return CGO_GUARD { throw std::runtime_error("caf\xe9 \\ \xed\xa0\x80 " + token_text(token)); };
}

extern "C" cgo_guard_error *guardtest_what_many_lines(uint64_t token) {
  return CGO_GUARD { throw std::runtime_error("first line\nsecond line\r\n\x1b[31m" + token_text(token)); };
}

extern "C" cgo_guard_error *guardtest_string_with_nul(uint64_t token) {
  return CGO_GUARD { throw std::string("before\0after ", 13) + token_text(token); };
}
