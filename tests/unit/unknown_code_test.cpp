// SPDX-License-Identifier: BSL-1.0
// Faults in code without unwind tables, as a JIT makes it and as assembly is written.

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <sys/resource.h>

#include "faults.hpp"
#include "support.hpp"

namespace {

/// Code that a JIT made: in no module.
class made_code {
 public:
  explicit made_code(const std::vector<unsigned char> &bytes) {
    memory_ = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::memcpy(memory_, bytes.data(), bytes.size());
    mprotect(memory_, 4096, PROT_READ | PROT_EXEC);
  }
  ~made_code() { munmap(memory_, 4096); }
  made_code(const made_code &) = delete;
  made_code &operator=(const made_code &) = delete;

  std::uintptr_t begin() const { return reinterpret_cast<std::uintptr_t>(memory_); }
  void call() const {
    reinterpret_cast<void (*)()>(memory_)();
    asm volatile("" ::: "memory");  // so that the call is not a jump
  }

 private:
  void *memory_;
};

// xor %eax,%eax; mov (%rax),%eax; ret
const std::vector<unsigned char> leaf = {0x31, 0xc0, 0x8b, 0x00, 0xc3};
constexpr std::uintptr_t leaf_faults_at = 2;
// push %rbp; mov %rsp,%rbp; push %rbx; sub $0x28,%rsp; then as above
const std::vector<unsigned char> framed = {0x55, 0x48, 0x89, 0xe5, 0x53, 0x48, 0x83, 0xec,
                                           0x28, 0x31, 0xc0, 0x8b, 0x00, 0xc9, 0xc3};
constexpr std::uintptr_t framed_faults_at = 11;
// push %rbx; sub $0x20,%rsp; then as above: nothing tells who has called it
const std::vector<unsigned char> secretive = {0x53, 0x48, 0x83, 0xec, 0x20, 0x31, 0xc0, 0x8b, 0x00, 0xc3};
constexpr std::uintptr_t secretive_faults_at = 7;

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

bool contains(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

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
    const std::vector<unsigned char> &bytes;
    std::uintptr_t faults_at;
    bool has_callers;
  } cases[] = {{"leaf", leaf, leaf_faults_at, true},
               {"with a frame pointer", framed, framed_faults_at, false},
               {"with neither", secretive, secretive_faults_at, false}};
  for (const auto &c : cases) {
    const made_code code(c.bytes);
    bool ran = false;
    const caught error(CGO_GUARD {
      notices n{ran};
      call_three_deep(code, 3);
    });
    INFO(c.name);
    REQUIRE(error != nullptr);
    REQUIRE(error->frame_count >= 1);
    CHECK(reinterpret_cast<std::uintptr_t>(error->frames[0]) == code.begin() + c.faults_at);
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
void crash_on_a_thread(const std::vector<unsigned char> &bytes) {
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  cgo_guard_options options = {};
  options.struct_size = sizeof options;
  cgo_guard_configure(&options);
  std::thread([&] {
    const made_code code(bytes);
    call_three_deep(code, 3);
  }).join();
}
}  // namespace

DEATH_CASE(crash_in_made_code) { crash_on_a_thread(leaf); }
DEATH_CASE(crash_in_secretive_code) { crash_on_a_thread(secretive); }
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
