// SPDX-License-Identifier: BSL-1.0
/// @file program.cpp
/// Fails in every way under a guard, and prints each error's stack as its reader sees it, then the table of its frames,
/// which also says what was inlined. An argument chooses one of the ways; `module WHEN LIBRARY [LIBRARY]` is another.
/// Knows the library by its C functions only, as Go does.
#include <cgo_guard/abi.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>
#include <signal.h>

#include "failing.h"

namespace {

struct way {
  const char *name;
  void (*fail)();
};
const way ways[] = {
    {"exception", shop::count_items},
    {"fault", shop::write_item},
    {"call through null", shop::call_nobody},
    {"abort", shop::give_up},
    {"assert", shop::check_stock},
    {"noexcept", shop::break_promise},
    {"recursion", shop::add_up},
    {"stack overflow", shop::recurse_for_ever},
    {"rethrow", shop::pass_on},
};

void print(const char *title, cgo_guard_error *error) {
  std::printf("== %s\n%s", title, cgo_guard_stack(error));
  char *const table = cgo_guard_resolve_frames(error->frames, error->frame_count, error->modules);
  std::printf("-- frames\n%s", table);
  std::free(table);
}

/// Fails in a library that is unloaded while the exception is on its way.
const char *path_of_module;
void fail_in_owned_module() {
  struct owner {
    void *module = dlopen(path_of_module, RTLD_NOW | RTLD_LOCAL);
    ~owner() { dlclose(module); }
  } owned;
  if (owned.module != nullptr) reinterpret_cast<void (*)()>(dlsym(owned.module, "module_fail"))();
}

/// Fails in a library and prints the stack: `loaded`, `unloaded`, `replaced` by another library at the same addresses,
/// `kept`, which is the same but asked for before, or `owned`, unloaded by a destructor on the way to the guard.
int fail_in_module(const char *when, const char *path, const char *other) {
  if (std::strcmp(when, "owned") == 0) {
    path_of_module = path;
    cgo_guard_error *const error = run_guarded(fail_in_owned_module);
    if (dlopen(path, RTLD_NOW | RTLD_NOLOAD) != nullptr) return 1;
    print(when, error);
    cgo_guard_free(error);
    return 0;
  }
  void *const module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) return 1;
  void *const function = dlsym(module, "module_fail");
  cgo_guard_error *const error = run_guarded(reinterpret_cast<void (*)()>(function));
  if (std::strcmp(when, "kept") == 0) cgo_guard_stack(error);
  if (std::strcmp(when, "loaded") != 0 && dlclose(module) != 0) return 1;
  if (other != nullptr) {
    void *const next = dlopen(other, RTLD_NOW | RTLD_LOCAL);
    if (next == nullptr || dlsym(next, "other_fail") != function) return 77;
  }
  print(when, error);
  cgo_guard_free(error);
  return 0;
}

}  // namespace

int main(int count, char **arguments) {
  static char room[65536];  // for the stack overflow's signal, as every thread of Go has it
  stack_t alternate{};
  alternate.ss_sp = room;
  alternate.ss_size = sizeof room;
  sigaltstack(&alternate, nullptr);
  if (count > 3) return fail_in_module(arguments[2], arguments[3], arguments[4]);
  for (const way &chosen : ways) {
    if (count > 1 && std::strcmp(arguments[1], chosen.name) != 0) continue;
    cgo_guard_error *const error = run_guarded(chosen.fail);
    if (error == nullptr) return 1;
    print(chosen.name, error);
    cgo_guard_free(error);
  }
}
