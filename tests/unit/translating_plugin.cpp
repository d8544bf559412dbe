// SPDX-License-Identifier: BSL-1.0
/// @file translating_plugin.cpp
/// A library of its own, loaded and closed by translate_test.cpp: an exception type, and a static that translates it.
#include <cgo_guard.h>

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
