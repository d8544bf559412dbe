// SPDX-License-Identifier: BSL-1.0
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <cgo_guard/detail/state/process.hpp>

#include "c_library.hpp"
#include "faults.hpp"
#include "support.hpp"

// All of it in subprocesses: a corrupt heap is for good.

namespace {

/// Writes without the heap: printf may allocate its buffer.
void say(const char *text) { static_cast<void>(!write(1, text, std::char_traits<char>::length(text))); }

struct notices {
  ~notices() { say("[destructor ran]"); }
};

void double_free_under_guard() {
  cgo_guard_error *const error = CGO_GUARD {
    notices n;
    faults::double_free();
  };
  if (error == nullptr) {
    say("no error");
    return;
  }
  say(error->name);
  say(": ");
  say(error->message);
  say(error->cleanup == CGO_GUARD_CLEANUP_NONE ? " [cleanup none]" : " [cleanup wrong]");
  say(*cgo_guard_stack(error) != 0 ? " [stack]" : " [no stack]");
  cgo_guard_free(error);
}

cgo_guard_error *innocent() {
  return CGO_GUARD { say("[ran]"); };
}

}  // namespace

DEATH_CASE(quarantine) {
  double_free_under_guard();
  cgo_guard_error *const refused = innocent();
  if (refused == nullptr) return;
  say(refused->code == CGO_GUARD_QUARANTINED ? "\nrefused: " : "\nwrong code: ");
  say(refused->message);
  cgo_guard_free(refused);
}
TEST_CASE("Trap 36: a double free comes back, nothing else runs, and later guards refuse") {
  if (!c_library::malloc_notices) SKIP_CASE(c_library::why_malloc_does_not_notice);
  const death d = die(quarantine);
  INFO(d.output);
  CHECK(d.exit_status == 0);
  CHECK(contains(d.output, "SIGABRT: free(): double free detected"));
  CHECK(contains(d.output, "[cleanup none] [stack]"));
  CHECK(contains(d.output,
                 "refused: the heap is corrupt, so this block was not run: SIGABRT in the allocator under "
                 "double_free_under_guard"));
  CHECK_FALSE(contains(d.output, "[ran]"));
  CHECK_FALSE(contains(d.output, "[destructor ran]"));
}

namespace {
void set_policy(int policy) {
  cgo_guard_options options = {};
  options.struct_size = sizeof options;
  options.heap_policy = policy;
  cgo_guard_configure(&options);
}
}  // namespace

DEATH_CASE(heap_continue) {
  set_policy(CGO_GUARD_HEAP_CONTINUE);
  double_free_under_guard();
  innocent();
}
TEST_CASE("With the policy to continue, guards go on after a double free") {
  if (!c_library::malloc_notices) SKIP_CASE(c_library::why_malloc_does_not_notice);
  const death d = die(heap_continue);
  CHECK(d.exit_status == 0);
  CHECK(contains(d.output, "[cleanup none]"));
  CHECK(contains(d.output, "[ran]"));
}

namespace {
/// Leaves nothing but wild pointers in the lists that malloc serves small sizes from.
void smash_free_lists() {
  void **blocks[7];  // as many as glibc keeps of each size
  for (std::size_t size = 16; size <= 1024; size += 16) {
    for (void **&block : blocks) block = static_cast<void **>(std::malloc(size));
    for (void **block : blocks) std::free(block);
    for (void **block : blocks) *const_cast<void *volatile *>(block) = reinterpret_cast<void *>(0x4141414141414141);
  }
}

void say_stack_and_report(void (*corrupt)()) {
  cgo_guard_error *const error = CGO_GUARD { corrupt(); };
  if (error == nullptr) return;
  say("stack: ");
  say(cgo_guard_stack(error));
  say("report: ");
  say(cgo_guard_describe(error));
  say("the end\n");
  cgo_guard_free(error);
  _exit(0);
}
}  // namespace

DEATH_CASE(named_double_free) { say_stack_and_report(faults::double_free); }
TEST_CASE("The stack of a corrupt heap has names, and the report is whole") {
  if (!c_library::malloc_notices) SKIP_CASE(c_library::why_malloc_does_not_notice);
  const death d = die(named_double_free);
  INFO(d.output);
  CHECK(d.exit_status == 0);
  const std::size_t report = d.output.find("report: ");
  REQUIRE(report != std::string::npos);
  const std::string stack = d.output.substr(0, report), rest = d.output.substr(report);
  CHECK(contains(stack, "faults::double_free()\n"));
  CHECK(contains(rest, "fatal signal SIGABRT: free(): double free detected"));
  CHECK(contains(rest, "guard:   "));
  CHECK(contains(rest, "cleanup: none"));
  CHECK(contains(rest, "faults::double_free()\n"));
  CHECK(contains(rest, "the end\n"));
}

DEATH_CASE(smashed_free_lists) {
  say_stack_and_report([] {
    smash_free_lists();
    void *volatile wild = reinterpret_cast<void *>(std::uintptr_t{0x123456789000});
    std::free(wild);
  });
}
TEST_CASE("Where a copy of the process can't use the heap either, the stack is raw, and the report says the rest") {
  const death d = die(smashed_free_lists);
  INFO(d.output);
  CHECK(d.exit_status == 0);
  CHECK(contains(d.output, "report: "));
  CHECK(contains(d.output, "cleanup: none"));
  CHECK(contains(d.output, "C++ stack:\n"));
  CHECK(contains(d.output, "+0x"));
  CHECK(contains(d.output, "the end\n"));
}

DEATH_CASE(heap_crash) {
  set_policy(CGO_GUARD_HEAP_CRASH);
  double_free_under_guard();
}
TEST_CASE("With the policy to crash, a double free ends the process as it would have") {
  if (!c_library::malloc_notices) SKIP_CASE(c_library::why_malloc_does_not_notice);
  CHECK(die(heap_crash).signal == SIGABRT);
}

DEATH_CASE(corrupt_chunk) {
  cgo_guard_error *const error = CGO_GUARD { faults::write_past_heap_block(); };
  if (error == nullptr) return;
  say(error->message);
  say(error->cleanup == CGO_GUARD_CLEANUP_NONE ? " [none]" : " [wrong]");
  std::fflush(nullptr);
  _exit(0);  // what the program gives back at its end may stand behind the block
}
TEST_CASE("A write past a heap block that malloc notices is a corrupt heap as well") {
  if (!c_library::malloc_notices) SKIP_CASE(c_library::why_malloc_does_not_notice);
  const death d = die(corrupt_chunk);
  INFO(d.output);
  CHECK(d.exit_status == 0);
  CHECK(contains(d.output, "[none]"));
}

DEATH_CASE(fault_in_free) {
  void *volatile wild = reinterpret_cast<void *>(0x123456789000);
  cgo_guard_error *const error = CGO_GUARD { std::free(wild); };
  say(error != nullptr && error->cleanup == CGO_GUARD_CLEANUP_NONE ? error->name : "wrong");
  cgo_guard_error *const refused = innocent();
  say(refused != nullptr && refused->code == CGO_GUARD_QUARANTINED ? " then refused" : " then ran");
}
TEST_CASE("A fault inside free is a corrupt heap as well") {
  CHECK(die(fault_in_free).output == "SIGSEGV then refused");
}

TEST_CASE("Options that make no sense are refused in words") {
  cgo_guard_options options = {};
  CHECK(std::string(cgo_guard_configure(nullptr)).find("NULL") != std::string::npos);
  CHECK(std::string(cgo_guard_configure(&options)).find("struct_size") != std::string::npos);
  options.struct_size = sizeof options;
  options.heap_policy = 9;
  CHECK(std::string(cgo_guard_configure(&options)).find("heap_policy") != std::string::npos);
  options.heap_policy = CGO_GUARD_HEAP_QUARANTINE;
  CHECK(cgo_guard_configure(&options) == nullptr);
}

TEST_CASE("Of threads that corrupt the heap at once one writes what it did, and nobody reads it before it is whole") {
  cgo_guard::detail::text_written_once text;
  constexpr int threads = 8;
  std::atomic<int> writers{0}, torn{0};
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i) {
    all.emplace_back([&] {
      if (char *const out = text.begin()) {
        ++writers;
        for (int j = 0; j < 200; ++j) out[j] = 'x';
        text.finish();
      }
      const std::size_t length = std::strlen(text.text());
      if (length != 0 && length != 200) ++torn;
    });
  }
  for (std::thread &thread : all) thread.join();
  CHECK(writers == 1);
  CHECK(torn == 0);
  CHECK(std::strlen(text.text()) == 200);
  cgo_guard::detail::text_written_once begun;
  REQUIRE(begun.begin() != nullptr);
  CHECK(begun.text()[0] == 0);
  CHECK(begun.begin() == nullptr);
}
