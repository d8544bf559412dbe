// SPDX-License-Identifier: BSL-1.0
// A file of its own, because this is how all of it is compiled: the checks of the standard library's own, as libstdc++
// knows them, libc++ before LLVM 15, before 18, and since.
#define _GLIBCXX_ASSERTIONS
#if defined(__clang__) && __clang_major__ < 15
#define _LIBCPP_DEBUG 0
#elif defined(__clang__) && __clang_major__ < 18
#define _LIBCPP_ENABLE_ASSERTIONS 1
#else
#undef _LIBCPP_HARDENING_MODE  // zig's command line has it, and the next
#define _LIBCPP_HARDENING_MODE _LIBCPP_HARDENING_MODE_DEBUG
#if defined(_LIBCPP_ASSERTION_SEMANTIC_DEFAULT)
#undef _LIBCPP_ASSERTION_SEMANTIC_DEFAULT
#define _LIBCPP_ASSERTION_SEMANTIC_DEFAULT _LIBCPP_ASSERTION_SEMANTIC_ENFORCE
#endif
#endif

#include <cstdio>
#include <string>
#include <vector>

#include "cxx_runtime.hpp"
#include "support.hpp"

namespace {

/// Of a type that no other file has a vector of: those have no checks, and the linker would keep one of the two.
struct row {
  int cells = 0;
};
std::vector<row> rows(3);
volatile std::size_t behind_the_last = 3;

__attribute__((noinline)) void index_past_the_end() {
  rows[behind_the_last].cells = 1;
  asm volatile("" ::: "memory");
}

}  // namespace

GUARDED_TEST_CASE("Trap 53: a check of the standard library's own comes back with its text") {
  if (!cxx_runtime::checks_say_what_failed) SKIP_CASE("this version's checks have no function of their own");
  const caught error(CGO_GUARD { index_past_the_end(); });
  REQUIRE(error);
  CHECK(error->code == CGO_GUARD_SIGNAL);
  CHECK(contains(message_of(error), cxx_runtime::bad_index));
  CHECK_FALSE(contains(message_of(error), "\n"));
  const std::string stack = cgo_guard_stack(error.get());
  INFO(stack);
  CHECK_FALSE(contains(stack, cxx_runtime::check_function));
  CHECK(contains(stack, "index_past_the_end"));
}

DEATH_CASE(silent_check) {
  const caught error(CGO_GUARD { index_past_the_end(); });
  std::printf("%d", error ? error->code : -1);
}
TEST_CASE("A check of the standard library's own that a guard takes prints nothing") {
  if (!cxx_runtime::checks_say_what_failed) SKIP_CASE("this version's checks have no function of their own");
  const death d = die(silent_check);
  CHECK(d.exit_status == 0);
  CHECK(d.output == std::to_string(CGO_GUARD_SIGNAL));
}

DEATH_CASE(unguarded_check) { index_past_the_end(); }
TEST_CASE("A check of the standard library's own under no guard says what it always says") {
  const death d = die(unguarded_check);
  CHECK(d.exit_status != 0);
  CHECK(contains(d.output, cxx_runtime::bad_index));
}
