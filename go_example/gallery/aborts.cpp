// SPDX-License-Identifier: BSL-1.0
#include <csignal>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <thread>

#include "gallery.h"

// Not in the unnamed namespace: there a compiler may take it that square is the only shape there is.
namespace gallery {
struct shape {
  shape() { describe(); }
  virtual ~shape() = default;
  void describe() { hidden(hidden(this)->area()); }
  virtual int area() = 0;
};
struct square : shape {
  int area() override { return 4; }
};
}  // namespace gallery

namespace {

void fail(const char *why) { throw std::runtime_error(why); }

void promise() noexcept { fail("a promise was broken"); }

struct throws_on_exit {
  ~throws_on_exit() noexcept(false) { fail("second"); }
};

}  // namespace

extern "C" {
#if defined(__aarch64__)
cgo_guard_error *run_no_instruction(void) {
  return CGO_GUARD { asm volatile(".inst 1"); };
}
#else
cgo_guard_error *divide_by_zero(void) {
  return CGO_GUARD { hidden(hidden(1) / hidden(0)); };
}
#endif
cgo_guard_error *reach_unreachable(void) {
  return CGO_GUARD { __builtin_trap(); };
}
cgo_guard_error *hit_breakpoint(void) {
#if defined(__aarch64__)
  return CGO_GUARD { asm volatile("brk #42"); };
#else
  return CGO_GUARD { asm volatile("int3"); };
#endif
}
cgo_guard_error *call_abort(void) {
  return CGO_GUARD { std::abort(); };
}
cgo_guard_error *raise_sigsys(void) {
  return CGO_GUARD { std::raise(SIGSYS); };
}
cgo_guard_error *call_terminate(void) {
  return CGO_GUARD { std::terminate(); };
}
cgo_guard_error *break_noexcept(void) {
  return CGO_GUARD { promise(); };
}
cgo_guard_error *call_pure_virtual(void) {
  return CGO_GUARD { gallery::square s; };
}
cgo_guard_error *forget_to_join(void) {
  return CGO_GUARD {
    std::thread worker([] {});
  };
}
cgo_guard_error *throw_while_unwinding(void) {
  return CGO_GUARD {
    throws_on_exit t;
    fail("first");
  };
}
}
