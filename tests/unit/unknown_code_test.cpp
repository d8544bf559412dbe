// SPDX-License-Identifier: BSL-1.0
// Faults in code without unwind tables, as a JIT makes it and as assembly is written.

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>

#include <sys/resource.h>

#include "faults.hpp"
#include "made_code.hpp"
#include "support.hpp"

namespace {

using processor::code::failing;

struct notices {
  bool &ran;
  ~notices() { ran = true; }
};

[[gnu::noinline]] void call_three_deep(const made_code &code, int depth) {
  if (depth == 0) {
    code.call();
  } else {
    call_three_deep(code, depth - 1);
  }
  asm volatile("" ::: "memory");
}

std::size_t count(const std::string &text, const std::string &part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

GUARDED_TEST_CASE(
    "A fault in code without unwind tables is the first frame, and its callers follow where they can be known") {
  const struct {
    const char *name;
    failing function;
    bool has_callers;
  } cases[] = {{"leaf", processor::code::leaf(), true},
               {"with a frame pointer", processor::code::framed(), false},
               {"with neither", processor::code::secretive(), false}};
  for (const auto &c : cases) {
    const made_code code(c.function.code);
    bool ran = false;
    const caught error(CGO_GUARD {
      notices n{ran};
      call_three_deep(code, 3);
    });
    INFO(c.name);
    REQUIRE(error != nullptr);
    REQUIRE(error->frame_count >= 1);
    CHECK(reinterpret_cast<std::uintptr_t>(error->frames[0]) == code.begin() + c.function.faults_at);
    // What the code has put into the registers of its callers is not known.
    CHECK(error->cleanup == CGO_GUARD_CLEANUP_NONE);
    CHECK(!ran);
    const std::string stack = cgo_guard_stack(error.get());
    INFO(stack);
    CHECK(contains(stack, "(in no module)"));
    if (c.has_callers) CHECK(count(stack, "call_three_deep") >= 1);
  }
}

GUARDED_TEST_CASE("Code without tables between a fault and its guard is the last frame that is shown") {
  const caught error(CGO_GUARD { faults::call_without_unwind_tables(faults::write_null); });
  REQUIRE(error != nullptr);
  const std::string stack = cgo_guard_stack(error.get());
  INFO(stack);
  CHECK(contains(stack, "faults::write_null"));
  CHECK(contains(stack, "faults::call_without_unwind_tables"));
}

namespace {
void crash_on_a_thread(const failing &function) {
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  cgo_guard_options options = {};
  options.struct_size = sizeof options;
  cgo_guard_configure(&options);
  std::thread([&] {
    const made_code code(function.code);
    call_three_deep(code, 3);
  }).join();
}
}  // namespace

DEATH_CASE(crash_in_made_code) { crash_on_a_thread(processor::code::leaf()); }
DEATH_CASE(crash_in_secretive_code) { crash_on_a_thread(processor::code::secretive()); }
TEST_CASE("A crash in code without tables under no guard is reported, with its callers where they can be known") {
  const death known = die(crash_in_made_code);
  INFO(known.output);
  CHECK(known.signal == SIGSEGV);
  CHECK(contains(known.output, "cgo_guard: SIGSEGV: null pointer read at 0x0"));
  CHECK(contains(known.output, "call_three_deep"));
  const death unknown = die(crash_in_secretive_code);
  INFO(unknown.output);
  CHECK(unknown.signal == SIGSEGV);
  CHECK(contains(unknown.output, "cgo_guard: SIGSEGV: null pointer read at 0x0"));
  CHECK(contains(unknown.output, "  #0   0x"));
}
