// SPDX-License-Identifier: BSL-1.0
// One export for each way in which C++ and the C library end a process on purpose.
#undef NDEBUG  // whatever the flags say, this file is about a failing assert
#include <cassert>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <thread>

#include "opaque.hpp"

using guardtest::opaque;
using guardtest::token_text;

namespace guardtest {

__attribute__((noinline)) void check_item(const char *item) { assert(opaque(item) == nullptr && "item is not known"); }

// A call that is the last thing in a function is compiled to a jump, and then its frame is gone before the failure:
// hence something to do afterwards.
__attribute__((noinline)) void check_shelf(const char *item) {
  check_item(opaque(item));
  opaque(item);
}
__attribute__((noinline)) void check_inventory(const char *item) {
  check_shelf(opaque(item));
  opaque(item);
}

__attribute__((noinline)) void overrun(size_t bytes) {
  char buffer[16];
  volatile char *end = opaque(&buffer[0]);
  for (size_t i = 0; i < bytes; i++) end[i] = 'A';
  opaque(&buffer[0]);
}

// Has room for what spills over: the return address is lost, the frame of the guard is not.
__attribute__((noinline)) void read_name() {
  volatile char name[256];
  name[0] = 'a';
  overrun(opaque(size_t{64}));
  name[1] = name[0];
}

__attribute__((noinline)) void throw_out_of_range(uint64_t token) { throw std::out_of_range(token_text(token)); }
__attribute__((noinline)) void promise_not_to_throw(uint64_t token) noexcept { opaque (&throw_out_of_range)(token); }

struct base {
  base() { call_from_constructor(this); }
  virtual ~base() = default;
  virtual void run() = 0;
  __attribute__((noinline)) static void call_from_constructor(base *object) { opaque(object)->run(); }
};

struct derived : base {
  void run() override {}
};

struct throws_on_the_way_out {
  uint64_t token;
  ~throws_on_the_way_out() noexcept(false) { throw std::runtime_error("second " + token_text(token)); }
};

}  // namespace guardtest

extern "C" cgo_guard_error *guardtest_abort(uint64_t) {
  return CGO_GUARD {
    if (opaque(1)) std::abort();
  };
}

extern "C" cgo_guard_error *guardtest_assert(uint64_t) {
  return CGO_GUARD { guardtest::check_inventory("deadbeef"); };
}

extern "C" cgo_guard_error *guardtest_stack_smashing(uint64_t) {
  return CGO_GUARD { guardtest::read_name(); };
}

extern "C" cgo_guard_error *guardtest_noexcept_violation(uint64_t token) {
  return CGO_GUARD { guardtest::promise_not_to_throw(token); };
}

extern "C" cgo_guard_error *guardtest_pure_virtual_call(uint64_t) {
  return CGO_GUARD { guardtest::derived object; };
}

extern "C" cgo_guard_error *guardtest_terminate(uint64_t) {
  return CGO_GUARD {
    if (opaque(1)) std::terminate();
  };
}

extern "C" cgo_guard_error *guardtest_throw_while_unwinding(uint64_t token) {
  return CGO_GUARD {
    guardtest::throws_on_the_way_out second{token};
    throw std::runtime_error("first " + token_text(token));
  };
}

extern "C" cgo_guard_error *guardtest_joinable_thread(uint64_t) {
  return CGO_GUARD {
    std::thread never_joined([] { std::this_thread::sleep_for(std::chrono::milliseconds(1)); });
  };
}

extern "C" cgo_guard_error *guardtest_double_free(uint64_t) {
  return CGO_GUARD {
    void *memory = std::malloc(40);
    std::free(opaque(memory));
    std::free(opaque(memory));
  };
}
