// SPDX-License-Identifier: BSL-1.0
// A throw at a given depth, caught by a catch clause or by a guard.
#include <cxxabi.h>
#include <dlfcn.h>

#include <new>
#include <stdexcept>
#include <typeinfo>

#include <cgo_guard.h>

#include "work.h"

namespace {

constexpr const char *what = "no such item";

using throw_function = void (*)(void *, std::type_info *, void (*)(void *));

void throw_as_any_program() { throw std::runtime_error(what); }

/// What a compiler makes of `throw`, but for whose __cxa_throw is called.
void throw_past_interposer() {
  static const auto original = reinterpret_cast<throw_function>(dlsym(RTLD_NEXT, "__cxa_throw"));
  void *const object = abi::__cxa_allocate_exception(sizeof(std::runtime_error));
  ::new (object) std::runtime_error(what);
  original(object, const_cast<std::type_info *>(&typeid(std::runtime_error)),
           [](void *thrown) { static_cast<std::runtime_error *>(thrown)->~runtime_error(); });
}

/// Frames without anything to clean up: what they cost is the walk alone, which is where a guard does more.
__attribute__((noinline)) int descend(int32_t depth, void (*leaf)()) {
  asm volatile("" : "+r"(depth), "+r"(leaf));
  if (depth <= 1) {
    leaf();
    return 0;
  }
  int frames = descend(depth - 1, leaf) + 1;
  asm volatile("" : "+r"(frames));  // something to do after the call, so that it doesn't become a loop
  return frames;
}

__attribute__((noinline)) void throw_and_catch(int32_t depth, uint64_t times, void (*leaf)()) {
  for (uint64_t i = 0; i < times; ++i) {
    try {
      descend(depth, leaf);
    } catch (const std::exception &e) {
      asm volatile("" : : "r"(&e) : "memory");
    }
  }
}

}  // namespace

extern "C" {

void bench_plain_throws(int32_t depth, uint64_t times) { throw_and_catch(depth, times, &throw_past_interposer); }

void bench_caught_throws(int32_t depth, uint64_t times) { throw_and_catch(depth, times, &throw_as_any_program); }

cgo_guard_error *bench_caught_throws_in_guard(int32_t depth, uint64_t times) {
  return CGO_GUARD { throw_and_catch(depth, times, &throw_as_any_program); };
}

cgo_guard_error *bench_guarded_throw(int32_t depth) {
  return CGO_GUARD { descend(depth, &throw_as_any_program); };
}

}  // extern "C"
