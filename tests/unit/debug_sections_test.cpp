// SPDX-License-Identifier: BSL-1.0
/// @file debug_sections_test.cpp
/// Compressed debug information, and the first stacks of a process by many threads at once.

#include <cgo_guard/detail/stack/debug_sections.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <fcntl.h>

#include <cgo_guard/detail/stack/stack_text.hpp>
#include "c_library.hpp"
#include "catch.hpp"

#define NOINLINE __attribute__((noinline))

namespace {

using namespace cgo_guard::detail;

struct compressed_plugin {
  void *library = dlopen(CGO_GUARD_COMPRESSED_PLUGIN, RTLD_NOW | RTLD_LOCAL);
  int inner_line = 0, outer_line = 0;
  const void *address = nullptr;
  compressed_plugin() {
    REQUIRE(library != nullptr);
    void *const found = dlsym(library, "site_in_compressed_plugin");
    REQUIRE(found != nullptr);
    address = reinterpret_cast<const void *(*)(int *, int *)>(found)(&inner_line, &outer_line);
  }
  ~compressed_plugin() { dlclose(library); }
};

volatile int not_a_tail_call;

/// Eight stacks of different functions.
template <int Set, int Depth>
NOINLINE void collect(std::vector<const void *> &stack) {
  if constexpr (Depth > 0) collect<Set, Depth - 1>(stack);
  stack.push_back(static_cast<const char *>(__builtin_return_address(0)) - 1);
  not_a_tail_call = Set;
}

std::string text_of(const std::vector<const void *> &stack) {
  return format_frames(stack.data(), stack.size(), static_cast<std::uint32_t>(stack.size()), 0);
}

}  // namespace

TEST_CASE("Compressed debug information names frames, inlined ones and lines") {
  if (c_library::is_static()) SKIP_CASE(c_library::why_not_static);
  const compressed_plugin plugin;
  std::vector<resolved_frame> frames;
  resolve(plugin.address, frames, symbolizer_stage::libdw);
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].function.find("(anonymous namespace)::inlined") == 0);
  CHECK(frames[0].line == plugin.inner_line);
  CHECK(frames[0].inlined);
  CHECK(frames[1].function == "site_in_compressed_plugin");
  CHECK(frames[1].line == plugin.outer_line);
  CHECK(frames[1].file.find("compressed_plugin.cpp") != std::string::npos);
}

TEST_CASE("Compressed sections that name no frame are left out before libdw unpacks them") {
  if (c_library::is_static()) SKIP_CASE(c_library::why_not_static);
  const libdw::api &api = *libdw::load();
  REQUIRE(api.has_sections);
  const libdw::dwfl_callbacks callbacks = {&libdw::find_no_elf, &libdw::find_debuginfo, nullptr, nullptr};
  const compressed_plugin plugin;
  const auto left_out = [&](const char *path) {
    libdw::dwfl *const session = api.begin(&callbacks);
    api.report_begin(session);
    libdw::dwfl_module *const module =
        api.report_elf(session, "file", path, open(path, O_RDONLY | O_CLOEXEC), 0x10000, true);
    REQUIRE(module != nullptr);
    api.report_end(session, nullptr, nullptr);
    const std::size_t count = leave_out_sections(api, module);
    CHECK(leave_out_sections(api, module) == 0);  // they are empty now
    std::uint64_t bias = 0;
    CHECK(api.module_getdwarf(module, &bias) != nullptr);
    api.report_begin(session);
    api.report_end(session, nullptr, nullptr);
    return count;
  };
  CHECK(left_out(CGO_GUARD_COMPRESSED_PLUGIN) >= 1);
  CHECK(left_out("/proc/self/exe") == 0);  // nothing is compressed here

  libdw::api without = api;
  without.has_sections = false;
  CHECK(leave_out_sections(without, nullptr) == 0);
}

TEST_CASE("Eight threads make their first stacks at once, and get what one gets") {
  if (c_library::is_static()) SKIP_CASE(c_library::why_not_static);
  const compressed_plugin plugin;
  std::vector<const void *> stacks[8];
  collect<0, 12>(stacks[0]);
  collect<1, 12>(stacks[1]);
  collect<2, 12>(stacks[2]);
  collect<3, 12>(stacks[3]);
  collect<4, 12>(stacks[4]);
  collect<5, 12>(stacks[5]);
  collect<6, 12>(stacks[6]);
  collect<7, 12>(stacks[7]);
  std::string expected[8];
  for (std::size_t i = 0; i < 8; ++i) {
    stacks[i].insert(stacks[i].begin() + static_cast<std::ptrdiff_t>(i), plugin.address);
    expected[i] = text_of(stacks[i]);
    REQUIRE(expected[i].find("collect<" + std::to_string(i) + ", 7>") != std::string::npos);
    REQUIRE(expected[i].find("compressed_plugin.cpp") != std::string::npos);
  }
  for (int round = 0; round < 3; ++round) {
    process_symbolizer().forget();
    std::atomic<int> arrived{0}, right{0};
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        ++arrived;
        while (arrived.load() < 8) std::this_thread::yield();
        right += text_of(stacks[t]) == expected[t] ? 1 : 0;
      });
    }
    for (auto &thread : threads) thread.join();
    CHECK(right == 8);
  }
}
