// SPDX-License-Identifier: BSL-1.0
/// @file translating_plugin.cpp
/// A library of its own, loaded and closed by translate_test.cpp: an exception type, and a static that translates it.
/// For loader_lock_test.cpp it has a constructor that fails on request.
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

#include <cgo_guard.h>
#include <cgo_guard/translator.hpp>

namespace plugin {
struct error {
  int part;
};
}  // namespace plugin

static const cgo_guard::translator<plugin::error> translate_plugin([](const plugin::error &e,
                                                                      cgo_guard::translation &to) {
  to.code(CGO_GUARD_USER + 77).field("part", e.part);
});

extern "C" __attribute__((visibility("default"))) void throw_plugin_error(int part) { throw plugin::error{part}; }

namespace {
volatile int *volatile nowhere;
void (*volatile throws)() = [] { throw std::runtime_error("from a constructor"); };

struct constructed {
  constructed() {
    const char *const how = std::getenv("CGO_GUARD_TEST_CONSTRUCTOR");
    const std::string wish = how != nullptr ? how : "";
    if (wish == "fault") *nowhere = 1;
    if (wish == "throw") throws();
    if (wish == "thread") {
      std::thread([] {
        try {
          throws();
        } catch (const std::runtime_error &) {
          cgo_guard_free(CGO_GUARD { throws(); });
        }
      }).join();
    }
  }
} const at_load;
}  // namespace
