// SPDX-License-Identifier: BSL-1.0
#include <cxxabi.h>
#include <csignal>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>

#include <sys/mman.h>

#include "cxx_runtime.hpp"
#include "faults.hpp"
#include "support.hpp"

namespace {

#define KEEP asm volatile("" ::: "memory")

std::string trail;

struct leaves_trail {
  const char *name;
  explicit leaves_trail(const char *n) : name(n) {}
  ~leaves_trail() { trail += name; }
};

__attribute__((noinline)) void three_deep(void (*f)(), int depth) {
  leaves_trail t(depth == 0 ? "a" : depth == 1 ? "b" : "c");
  if (depth == 2) {
    f();
  } else {
    three_deep(f, depth + 1);
  }
  KEEP;
}

std::mutex mutex;
__attribute__((noinline)) void with_lock(void (*f)()) {
  std::lock_guard<std::mutex> lock(mutex);
  f();
  KEEP;
}

__attribute__((noinline)) void catch_all_and_rethrow(void (*f)()) {
  try {
    leaves_trail t("body,");
    f();
    KEEP;
  } catch (...) {
    trail += "caught,";
    throw;
  }
}

__attribute__((noinline)) void catch_all_and_swallow(void (*f)()) {
  leaves_trail outer("outer,");
  try {
    f();
    KEEP;
  } catch (...) {
    trail += "swallowed,";
  }
  trail += "after,";
}

__attribute__((noinline)) void catch_typed(void (*f)()) {
  try {
    leaves_trail t("body,");
    f();
    KEEP;
  } catch (const std::exception &) {
    trail += "typed,";
  } catch (int) {
    trail += "int,";
  }
}

#if CXX_RUNTIME_HAS_FORCED_UNWIND
__attribute__((noinline)) void catch_forced(void (*f)()) {
  try {
    f();
    KEEP;
  } catch (const abi::__forced_unwind &) {
    trail += "forced,";
    throw;
  } catch (...) {
    trail += "all,";
    throw;
  }
}
#endif

__attribute__((noinline)) void convert(void (*f)()) {
  try {
    f();
    KEEP;
  } catch (...) {
    throw std::runtime_error("converted");
  }
}

__attribute__((noinline)) void promises(void (*f)()) noexcept {
  leaves_trail t("promised,");
  f();
  KEEP;
}

__attribute__((noinline)) void above_promise(void (*f)()) {
  leaves_trail t("above,");
  // Through a pointer that promises nothing: a compiler that sees the promise drops this frame's landing pad.
  void (*volatile callee)(void (*)()) = promises;
  callee(f);
  KEEP;
}

struct crashes_too {
  ~crashes_too() { faults::arithmetic_exception(); }
};
__attribute__((noinline)) void with_crashing_destructor(void (*f)()) {
  leaves_trail t("never,");
  crashes_too c;
  f();
  KEEP;
}

struct throws_too {
  ~throws_too() noexcept(false) { throw std::runtime_error("from a destructor"); }
};
__attribute__((noinline)) void with_throwing_destructor(void (*f)()) {
  throws_too t;
  f();
  KEEP;
}

struct guards_inside {
  static int number;
  ~guards_inside() {
    if (cgo_guard_error *error = CGO_GUARD { faults::arithmetic_exception(); }) {
      number = error->number;
      cgo_guard_free(error);
    }
  }
};
int guards_inside::number = 0;
__attribute__((noinline)) void with_guard_in_destructor(void (*f)()) {
  leaves_trail t("after guard");
  guards_inside g;
  f();
  KEEP;
}

caught run(void (*f)(void (*)()), void (*fault)() = faults::write_null) {
  trail.clear();
  return caught(CGO_GUARD { f(fault); });
}

#if defined(__x86_64__)  // the convention is its own
// A function that takes two words from its caller's stack, as conventions do where the callee cleans up: its caller's
// rsp is not the CFA but has a rule of its own. And a caller.
__asm__(
    ".pushsection .text\n"
    "cgo_guard_test_callee_pops:\n .cfi_startproc\n"
    " subq $24,%rsp\n .cfi_def_cfa_offset 32\n"
    " leaq 48(%rsp),%rax\n movq %rax,8(%rsp)\n .cfi_offset %rsp,-24\n"
    " callq *%rdi\n"
    " addq $24,%rsp\n ret $16\n .cfi_endproc\n"
    "cgo_guard_test_call_one_that_pops:\n .cfi_startproc\n"
    " subq $8,%rsp\n .cfi_def_cfa_offset 16\n"
    " pushq $0\n pushq $0\n callq cgo_guard_test_callee_pops\n"
    " addq $8,%rsp\n .cfi_def_cfa_offset 8\n ret\n .cfi_endproc\n"
    ".popsection\n");
extern "C" void cgo_guard_test_call_one_that_pops(void (*f)());
#endif

}  // namespace

#if defined(__x86_64__)
GUARDED_TEST_CASE("A frame whose tables have a rule for the stack pointer itself is left by that rule") {
  const caught error = run([](void (*f)()) {
    leaves_trail t("outside");
    cgo_guard_test_call_one_that_pops(f);
  });
  REQUIRE(error);
  CHECK(trail == "outside");
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_COMPLETE);
}

#endif

GUARDED_TEST_CASE("Trap 40: destructors between fault and guard run, innermost first") {
  const caught error = run([](void (*f)()) { three_deep(f, 0); });
  REQUIRE(error);
  CHECK(trail == "cba");
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_COMPLETE);
  CHECK(error->skipped == 0);
}

GUARDED_TEST_CASE("Trap 40: a lock_guard between fault and guard is released, for every kind of fault") {
  for (void (*f)() :
       {+[] { faults::write_null(); }, +[] { faults::call_null(); }, +[] { faults::arithmetic_exception(); },
        +[] { faults::trap_instruction(); }, +[] { abort(); }, +[] { faults::assert_three_deep(1); },
        +[] { faults::bus_error(); }, +[] { faults::breakpoint(); }}) {
    const caught error = run(with_lock, f);
    REQUIRE(error);
    CHECK(error->cleanup == CGO_GUARD_CLEANUP_COMPLETE);
    const bool free_again = mutex.try_lock();
    CHECK(free_again);
    if (free_again) mutex.unlock();
  }
}

GUARDED_TEST_CASE("A catch (...) that rethrows runs") {
  const caught error = run(catch_all_and_rethrow);
  REQUIRE(error);
  CHECK(trail == "body,caught,");
  CHECK(error->number == SIGSEGV);
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_COMPLETE);
}

GUARDED_TEST_CASE("A catch (...) that rethrows into another one runs, and so does what is between them") {
  const caught error = run([](void (*f)()) {
    leaves_trail outer("outer");
    try {
      leaves_trail between("between,");
      catch_all_and_rethrow(f);
    } catch (...) {
      trail += "caught too,";
      throw;
    }
  });
  REQUIRE(error);
  CHECK(trail == "body,caught,between,caught too,outer");
  CHECK(error->number == SIGSEGV);
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_COMPLETE);
  CHECK(std::current_exception() == nullptr);
}

GUARDED_TEST_CASE("A catch (...) that does not rethrow cannot swallow a fault") {
  const caught error = run(catch_all_and_swallow);
  REQUIRE(error);
  CHECK(trail == "swallowed,outer,");
  CHECK(error->number == SIGSEGV);
}

GUARDED_TEST_CASE("Typed catch clauses do not see a fault, their destructors run") {
  const caught error = run(catch_typed);
  REQUIRE(error);
  CHECK(trail == "body,");
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_COMPLETE);
}

GUARDED_TEST_CASE("A catch of abi::__forced_unwind recognises the unwind that may not be swallowed") {
#if CXX_RUNTIME_HAS_FORCED_UNWIND
  const caught error = run(catch_forced);
  REQUIRE(error);
  CHECK(trail == "forced,");
#else
  SKIP_CASE("this C++ runtime has no such type");
#endif
}

GUARDED_TEST_CASE("A catch (...) that throws something else does not replace the fault") {
  const caught error = run(convert);
  REQUIRE(error);
  CHECK(error->code == CGO_GUARD_SIGNAL);
  CHECK(error->number == SIGSEGV);
  CHECK(std::uncaught_exceptions() == 0);
}

GUARDED_TEST_CASE("A noexcept function is passed, counted, and the frames above it are cleaned") {
  const caught error = run(above_promise);
  REQUIRE(error);
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_PARTIAL);
  CHECK(error->skipped == 1);
  CHECK(trail.find("above,") != std::string::npos);
}

GUARDED_TEST_CASE("A destructor that crashes ends the cleanup, and the first fault is reported") {
  const caught error = run(with_crashing_destructor);
  REQUIRE(error);
  CHECK(error->number == SIGSEGV);
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_PARTIAL);
  CHECK(error->skipped >= 1);
  CHECK(message_of(error).find("then SIGFPE in a destructor") != std::string::npos);
}

GUARDED_TEST_CASE("A destructor that throws does not replace the fault") {
  const caught error = run(with_throwing_destructor);
  REQUIRE(error);
  CHECK(error->number == SIGSEGV);
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_PARTIAL);
  CHECK(std::uncaught_exceptions() == 0);
  CHECK(std::current_exception() == nullptr);
}

GUARDED_TEST_CASE("A guard inside a destructor that runs because of a fault keeps its own failure") {
  const caught error = run(with_guard_in_destructor);
  REQUIRE(error);
  CHECK(error->number == SIGSEGV);
  CHECK(guards_inside::number == SIGFPE);
  CHECK(trail == "after guard");
}

GUARDED_TEST_CASE("A catch (...) entered while another exception is handled does not end the process") {
  trail.clear();
  caught error(CGO_GUARD {
    leaves_trail outermost("outermost");
    try {
      throw std::runtime_error("being handled");
    } catch (const std::runtime_error &) {
      catch_all_and_rethrow(faults::write_null);
    }
  });
  REQUIRE(error);
  CHECK(error->number == SIGSEGV);
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_PARTIAL);
  CHECK(trail.find("outermost") != std::string::npos);
  CHECK(std::current_exception() == nullptr);
  CHECK(std::uncaught_exceptions() == 0);
}

namespace {
/// Without malloc: a stack that runs out inside it leaves the heap locked, which is another test's subject.
struct counts_down {
  static int live;
  int value = ++live;
  ~counts_down() { --live; }
};
int counts_down::live = 0;

__attribute__((noinline)) int recurse_with_destructors(int depth) {
  volatile char room[200];
  room[0] = 1;
  counts_down held;
  if (depth < 0) return 0;  // never: for the compiler, which warns of a recursion without an end
  const int below = recurse_with_destructors(depth + 1);
  return below + room[0] + held.value;
}
}  // namespace

GUARDED_TEST_CASE("A stack overflow runs destructors where there is room for them, and counts the others") {
  stack_t stack = {}, old = {};
  stack.ss_size = 32 * 1024;
  stack.ss_sp = mmap(nullptr, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  sigaltstack(&stack, &old);
  const caught error(CGO_GUARD { recurse_with_destructors(0); });
  sigaltstack(&old, nullptr);
  munmap(stack.ss_sp, stack.ss_size);
  REQUIRE(error);
  CHECK(message_of(error).find("stack overflow") != std::string::npos);
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_PARTIAL);
  // 64 KiB of frames are left out for want of room; all the others are cleaned.
  CHECK(error->skipped > 50);
  CHECK(error->skipped <= 64 * 1024 / 16);
  // The innermost frame may have run out before it built its own.
  const int left = static_cast<int>(error->skipped) - counts_down::live;
  CHECK(left >= 0);
  CHECK(left <= 1);
}
