// SPDX-License-Identifier: BSL-1.0
/// @file portable_stacks.cpp
/// The stacks of throws where signals can't be guarded.
#include <atomic>
#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>

#include <cgo_guard.h>

#include <cgo_guard/boost_stacktrace.hpp>
#include <cgo_guard/thread.hpp>

#include "catch.hpp"

#define NOINLINE __attribute__((noinline))

namespace portable_stacks {

struct deleter {
  void operator()(cgo_guard_error *error) const { cgo_guard_free(error); }
};
using caught = std::unique_ptr<cgo_guard_error, deleter>;

volatile int not_a_tail_call;

NOINLINE void find_row(int row) {
  if (row > 3) throw std::out_of_range("row " + std::to_string(row));
  not_a_tail_call = 1;
}
NOINLINE void find_in_table(int row) {
  find_row(row);
  not_a_tail_call = 1;
}
NOINLINE void log_and_pass_on() {
  try {
    find_in_table(7);
    not_a_tail_call = 1;
  } catch (const std::exception &) {
    throw;
  }
}
// A function of its own: the rarer half of a function has no name for dladdr.
NOINLINE void throw_wrapped() { std::throw_with_nested(std::runtime_error("wrapped")); }
NOINLINE void wrap() {
  try {
    find_in_table(8);
    not_a_tail_call = 1;
  } catch (...) {
    throw_wrapped();
  }
}
NOINLINE int recurse(int depth) {
  if (depth == 0) throw depth;
  const int result = recurse(depth - 1);
  not_a_tail_call = result;
  return result + 1;
}
NOINLINE std::exception_ptr caught_early() {
  try {
    find_in_table(9);
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

NOINLINE cgo_guard_error *export_of_find() {
  return CGO_GUARD { find_in_table(7); };
}

std::string stack_of(const caught &error) { return cgo_guard_stack(error.get()); }

/// Whether the names stand in a text in this order.
bool in_order(const std::string &text, std::initializer_list<const char *> names) {
  std::size_t at = 0;
  for (const char *const name : names) {
    at = text.find(name, at);
    if (at == std::string::npos) return false;
    ++at;
  }
  return true;
}

/// In a program that is linked statically the C++ library's __cxa_throw is not weak, and wins over ours. There is no
/// dynamic linker then, which is how it is known: dladdr knows of no module.
bool is_static() {
  Dl_info info;
  return dladdr(reinterpret_cast<const void *>(&find_row), &info) == 0;
}

}  // namespace portable_stacks

using namespace portable_stacks;

#define NEEDS_A_STACK(error) \
  REQUIRE(error);            \
  if (is_static()) SKIP_CASE("a static program: throws are not recorded")

TEST_CASE("A portable error has a stack, or in a static program a reason for having none") {
  const caught error(export_of_find());
  REQUIRE(error);
  CHECK((error->frame_count == 0) == is_static());
  const std::string reason = cgo_guard_why_no_stack(error.get());
  CHECK((reason.find("static program") != std::string::npos) == is_static());
}

TEST_CASE("A portable error has the stack of the throw, from there to the guard") {
  const caught error(export_of_find());
  NEEDS_A_STACK(error);
  const std::string stack = stack_of(error);
  INFO(stack);
  CHECK(in_order(stack, {"find_in_table(int)\n", "export_of_find"}));
  CHECK(stack.find("cgo_guard") == std::string::npos);
  CHECK(stack.find("__cxa_throw") == std::string::npos);
  // What called the guard is not the failure's.
  CHECK(stack.rfind("export_of_find") > stack.rfind("find_in_table"));
  CHECK(std::string(cgo_guard_why_no_stack(error.get())).empty());
  CHECK(std::string(cgo_guard_describe(error.get())).find("C++ stack:\n" + stack) != std::string::npos);
  CHECK(cgo_guard_stack(error.get()) == cgo_guard_stack(error.get()));
  CHECK(error->frame_count == cgo_guard::to_boost(*error).size());
}

TEST_CASE("A portable error of an exception that was caught and thrown again has the stack of the first throw") {
  const caught error(CGO_GUARD { log_and_pass_on(); });
  NEEDS_A_STACK(error);
  INFO(stack_of(error));
  CHECK(in_order(stack_of(error), {"find_in_table(int)\n", "log_and_pass_on()\n"}));
}

TEST_CASE("A portable error of an exception around another has the stack of the outer throw") {
  const caught error(CGO_GUARD { wrap(); });
  NEEDS_A_STACK(error);
  INFO(stack_of(error));
  CHECK(in_order(stack_of(error), {"throw_wrapped()\n"}));
  CHECK(stack_of(error).find("find_in_table") == std::string::npos);
}

TEST_CASE("A portable error of a kept exception has the stack of its throw, under whichever guard that was") {
  std::exception_ptr kept;
  const caught none(CGO_GUARD { kept = caught_early(); });
  REQUIRE_FALSE(none);
  const caught error(CGO_GUARD { std::rethrow_exception(kept); });
  NEEDS_A_STACK(error);
  INFO(stack_of(error));
  CHECK(in_order(stack_of(error), {"find_in_table(int)\n", "caught_early()\n"}));
}

TEST_CASE("A portable error of an exception that was thrown under no guard says why it has no stack") {
  const std::exception_ptr kept = caught_early();
  const caught error(CGO_GUARD { std::rethrow_exception(kept); });
  REQUIRE(error);
  CHECK(error->frame_count == 0);
  CHECK(stack_of(error).empty());
  CHECK(std::string(cgo_guard_why_no_stack(error.get())).find("it was not recorded") == 0);
  CHECK(std::string(cgo_guard_describe(error.get())).find("\nno C++ stack: it was not recorded") != std::string::npos);
  // Nor is there one where nobody would look for it.
  const caught go_error(cgo_guard_make_go_error(0, 0, "T", 1, "m", 1));
  CHECK(std::string(cgo_guard_why_no_stack(go_error.get())).empty());
  CHECK(std::string(cgo_guard_why_no_stack(nullptr)).empty());
}

TEST_CASE("A portable error never has the stack of another exception, which was at the same address before") {
  const void *const thrown_at = [] {
    try {
      find_in_table(7);
    } catch (const std::exception &e) {
      return static_cast<const void *>(&e);
    }
    return static_cast<const void *>(nullptr);
  }();
  caught thrown(export_of_find());
  NEEDS_A_STACK(thrown);
  int same_place = 0;
  for (int i = 0; i < 10; ++i) {
    thrown.reset(export_of_find());
    CHECK(thrown->frame_count != 0);
    const std::exception_ptr made = std::make_exception_ptr(std::out_of_range("never thrown"));
    const caught rethrown(CGO_GUARD {
      try {
        std::rethrow_exception(made);
      } catch (const std::exception &e) {
        same_place += static_cast<const void *>(&e) == thrown_at ? 1 : 0;
        throw;
      }
    });
    REQUIRE(rethrown);
    // libc++ before 17 makes it by a throw.
    if (rethrown->frame_count != 0) CHECK(stack_of(rethrown).find("make_exception_ptr") != std::string::npos);
  }
  CHECK(same_place > 0);
}

TEST_CASE("Of two portable guards the inner one has the stack up to itself") {
  caught inner;
  const caught outer(CGO_GUARD {
    inner.reset(export_of_find());
    throw 1;
  });
  NEEDS_A_STACK(inner);
  REQUIRE(outer);
  CHECK(in_order(stack_of(inner), {"export_of_find"}));
  CHECK(stack_of(outer).find("export_of_find") == std::string::npos);
}

TEST_CASE("Of a deep stack a portable error has both ends, and of a bottomless one the first") {
  const caught deep(CGO_GUARD { recurse(1000); });
  NEEDS_A_STACK(deep);
  CHECK(deep->frame_count == 128);
  CHECK(deep->frames_head == 96);
  CHECK(deep->frame_count + deep->frames_omitted >= 1000);
  CHECK(stack_of(deep).find(" more of portable_stacks::recurse, ") != std::string::npos);
  const caught bottomless(CGO_GUARD { recurse(20000); });
  REQUIRE(bottomless);
  CHECK(bottomless->frame_count == 96);
  CHECK(bottomless->frame_count + bottomless->frames_omitted >= 16000);
  CHECK(stack_of(bottomless).find("frames left out ...\n") != std::string::npos);
}

TEST_CASE("A portable guard of a thread that fails has the stack of the throw") {
  cgo_guard::thread worker([] { find_in_table(7); });
  const caught report(worker.join_report());
  NEEDS_A_STACK(report);
  INFO(stack_of(report));
  CHECK(in_order(stack_of(report), {"find_in_table(int)\n"}));
}

TEST_CASE("On eight threads every portable error has the stack of its own throw, or none") {
  NEEDS_A_STACK(caught(export_of_find()));
  std::atomic<int> wrong{0}, without{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([t, &wrong, &without] {
      for (int i = 0; i < 200; ++i) {
        const caught error(CGO_GUARD { recurse(10 + t); });
        // Recursion, the block, and the frames of its compiler's making.
        const std::uint64_t count = error->frame_count, least = static_cast<std::uint64_t>(10 + t);
        if (count == 0) {
          ++without;
        } else if (count < least || count > least + 6) {
          ++wrong;
        }
      }
    });
  }
  for (std::thread &t : threads) t.join();
  CHECK(wrong == 0);
  // Two that share a place in the table, at the same time.
  CHECK(without < 8 * 200 / 2);
}

TEST_CASE("The portable guard formats addresses in the same forms, with and without names") {
  const void *const frames[] = {reinterpret_cast<const void *>(0x10), reinterpret_cast<const void *>(0x20)};
  const std::unique_ptr<char, void (*)(void *)> text(cgo_guard_format_frames(frames, 2, 1, 5, 0), &std::free);
  REQUIRE(text);
  CHECK(std::string(text.get()) == "0x10\n\t(in no module)\n... 5 frames left out ...\n0x20\n\t(in no module)\n");
  const std::string raw_frame = "0x10\n\t(no memory for names)\n";
  char raw[20];
  CHECK(cgo_guard_format_frames_raw(frames, 2, 2, 0, raw, sizeof raw) == sizeof raw - 1);
  CHECK(std::string(raw) == raw_frame.substr(0, sizeof raw - 1));
  CHECK(cgo_guard_format_frames_raw(frames, 2, 2, 0, nullptr, 0) == 0);
  const std::unique_ptr<char, void (*)(void *)> table(cgo_guard_resolve_frames(frames, 1, 0), &std::free);
  REQUIRE(table);
  CHECK(std::string(table.get()) == "0x10\t\t\t0\t0\t\t0x0\t\t0\n");
}
