// SPDX-License-Identifier: BSL-1.0
// Guards what a plugin with another C++ runtime does, and prints what came of it.
#include <cstdio>
#include <exception>
#include <stdexcept>

#include <dlfcn.h>

#define CGO_GUARD_IMPLEMENTATION
#include <cgo_guard.h>

static void (*fail)(int);
static int (*plugins_uncaught)();
static int *cleaned_up;

template <class F>
void find(void *plugin, const char *name, F &function) {
  function = reinterpret_cast<F>(dlsym(plugin, name));
}

/// How: a digit of plugin.cpp's.
static void guard_and_print(int how) {
  *cleaned_up = 0;
  cgo_guard_error *const error = CGO_GUARD { fail(how); };
  std::printf("%d: ", how);
  for (const cgo_guard_error *e = error; e != nullptr; e = e->cause) {
    std::printf("%s%s: %s", e == error ? "" : " <- ", e->name, e->message);
    if (e->number != 0 && e->code == CGO_GUARD_EXCEPTION) std::printf(" (%d)", static_cast<int>(e->number));
  }
  std::printf(", cleaned up %d", *cleaned_up);
  if (error != nullptr && error->cleanup == CGO_GUARD_CLEANUP_PARTIAL) std::printf(" and not all");
  // Of its own, where it has one; else of the program's.
  if (plugins_uncaught() != 0) std::printf(", counts %d", plugins_uncaught());
  std::puts("");
  cgo_guard_free(error);
}

int main(int, char **arguments) {
  void *const plugin = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (plugin == nullptr) {
    std::puts(dlerror());
    return 1;
  }
  find(plugin, "plugin_fail", fail);
  find(plugin, "plugin_uncaught", plugins_uncaught);
  find(plugin, "plugin_cleaned_up", cleaned_up);
  for (const char *how = arguments[2]; *how != 0; ++how) guard_and_print(*how - '0');
  // While the program handles one of its own, no other can be caught as a foreign one.
  try {
    throw std::logic_error("the program's own");
  } catch (const std::exception &e) {
    guard_and_print(4);
    guard_and_print(8);
    std::printf("still %s\n", e.what());
  }
  if (std::uncaught_exceptions() != 0) std::printf("the program counts %d\n", std::uncaught_exceptions());
  if (std::current_exception() != nullptr) std::puts("the program handles one");
  std::puts("OK");
}
