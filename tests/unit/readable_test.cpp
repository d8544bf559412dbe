// SPDX-License-Identifier: BSL-1.0
// Pointers to nowhere, handed in as errors.
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

#include <sys/mman.h>

#include <cgo_guard/detail/guard/readable.hpp>

#include "support.hpp"

namespace {

using cgo_guard::detail::is_readable;

constexpr std::size_t page = 4096;

/// A page that can be read, and behind it one that can't.
char *page_before_nothing() {
  void *const memory = mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(static_cast<char *>(memory) + page, page, PROT_NONE);
  return static_cast<char *>(memory);
}

void *unmapped() {
  void *const memory = mmap(nullptr, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(memory, page);
  return memory;
}

}  // namespace

TEST_CASE("Whether memory can be read is known without reading it, and errno stays as it was") {
  char *const memory = page_before_nothing();
  errno = 4711;
  CHECK(is_readable(memory, 24));
  CHECK(is_readable(memory + page - 24, 24));
  CHECK(!is_readable(memory + page - 23, 24));
  CHECK(!is_readable(memory + page - 8, 24));
  CHECK(!is_readable(memory + page, 24));
  CHECK(!is_readable(unmapped(), 24));
  CHECK(!is_readable(nullptr, 24));
  CHECK(!is_readable(reinterpret_cast<void *>(std::uintptr_t{0x4141414141414141}), 24));
  CHECK(errno == 4711);
  munmap(memory, 2 * page);
}

DEATH_CASE(pointers_to_nowhere) {
  char *const memory = page_before_nothing();
  std::memset(memory, 0x41, page);
  void *const pointers[] = {reinterpret_cast<void *>(std::uintptr_t{0x414141414140}), unmapped(), memory + page,
                            memory + page - 16, memory};
  for (void *const pointer : pointers) {
    auto *const error = static_cast<cgo_guard_error *>(pointer);
    std::uint64_t prefix[3];
    std::printf("read: %d. ", cgo_guard_read_prefix(pointer, prefix));
    cgo_guard_retain(error);
    std::printf("stack '%s' described '%s' ", cgo_guard_stack(error), cgo_guard_describe(error));
    cgo_guard_free(error);
    try {
      cgo_guard::check(error);
      std::printf("checked\n");
    } catch (const std::invalid_argument &) {
      std::printf("refused\n");
    }
  }
  cgo_guard_stats stats = {};
  stats.struct_size = sizeof stats;
  cgo_guard_get_stats(&stats);
  std::printf("%d counted\n", static_cast<int>(stats.double_frees));
}
TEST_CASE("A pointer to nowhere is refused by every function that takes an error, before the first guard too") {
  const death d = die(pointers_to_nowhere);
  INFO(d.output);
  CHECK(d.exit_status == 0);
  CHECK(contains(d.output, "read: 0. stack '' described '' refused\n"));
  CHECK(contains(d.output, "read: 1. stack '' described '' refused\n"));
  CHECK(contains(d.output, "this points to nothing that can be read"));
  CHECK(!contains(d.output, "checked"));
  CHECK(contains(d.output, "5 counted\n"));
}

TEST_CASE("Whoever looks at an error that was released is counted") {
  const auto count = [] {
    cgo_guard_stats stats = {};
    stats.struct_size = sizeof stats;
    cgo_guard_get_stats(&stats);
    return stats.double_frees;
  };
  take_the_signals();
  cgo_guard_error *const error = CGO_GUARD { throw 1; };
  std::uint64_t prefix[3];
  const std::uint64_t before = count();
  CHECK(cgo_guard_read_prefix(error, prefix) == 1);
  CHECK(count() == before);
  cgo_guard_free(error);
  CHECK(cgo_guard_read_prefix(error, prefix) == 1);
  CHECK(count() == before + 1);
}
