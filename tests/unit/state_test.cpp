// SPDX-License-Identifier: BSL-1.0
#include <cerrno>
#include <cfenv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>

#include <pthread.h>

#include <cgo_guard/floating_point.hpp>

#include "c_library.hpp"
#include "faults.hpp"
#include "processor.hpp"
#include "support.hpp"

namespace {

using processor::floating_point;

void spoil_floating_point() {
  std::fesetround(FE_UPWARD);
  c_library::trap_division();
  floating_point::flush_denormals();
  floating_point::leave_values();
}

void check_floating_point() {
  CHECK(std::fegetround() == FE_TONEAREST);
  CHECK(floating_point().is_default());
  volatile double one = 1.0, zero = 0.0;
  CHECK(one / zero > 1e308);
}

struct mask {
  sigset_t set;
  mask() { pthread_sigmask(SIG_SETMASK, nullptr, &set); }
  bool operator==(const mask &other) const { return std::memcmp(&set, &other.set, 8) == 0; }
};

}  // namespace

GUARDED_TEST_CASE("Trap 41: floating-point modes are the defaults after a fault") {
  caught error(CGO_GUARD {
    spoil_floating_point();
    faults::write_null();
  });
  REQUIRE(error);
  check_floating_point();
}

GUARDED_TEST_CASE("Trap 41: floating-point modes are the defaults after an exception") {
  caught error(CGO_GUARD {
    spoil_floating_point();
    faults::throw_two_deep();
  });
  REQUIRE(error);
  check_floating_point();
}

GUARDED_TEST_CASE("A caller that keeps its floating-point modes has them again after every failure") {
  std::fesetround(FE_UPWARD);
  floating_point::flush_denormals();
  const floating_point before;
  for (void (*fail)() : {+[] { faults::write_null(); }, +[] { faults::throw_two_deep(); },
                         +[] { spoil_floating_point(), faults::write_null(); }, +[] {}}) {
    {
      const cgo_guard::keep_floating_point_environment environment;
      caught error(CGO_GUARD { fail(); });
    }
    CHECK(floating_point() == before);
    CHECK(std::fegetround() == FE_UPWARD);
  }
  floating_point::reset();
  std::fesetround(FE_TONEAREST);
}

#if defined(__x86_64__)  // others have no such flags
GUARDED_TEST_CASE("Trap 42: direction and alignment-check flags are clear after a fault") {
  caught direction(CGO_GUARD { asm volatile("std\n\tmovl $0, 0" ::: "memory"); });
  REQUIRE(direction);
  unsigned long flags = 0;
  asm volatile("pushfq\n\tpopq %0" : "=r"(flags));
  CHECK((flags & 0x400) == 0);
  caught alignment(CGO_GUARD { asm volatile("pushfq\n\torl $0x40000,(%%rsp)\n\tpopfq\n\tmovl $0, 0" ::: "memory"); });
  REQUIRE(alignment);
  asm volatile("pushfq\n\tpopq %0" : "=r"(flags));
  CHECK((flags & 0x40000) == 0);
  CHECK(alignment->number == SIGSEGV);
}
#endif

GUARDED_TEST_CASE("Trap 43: errno is 0 after a failure") {
  caught faulted(CGO_GUARD {
    errno = EBUSY;
    faults::write_null();
  });
  CHECK(errno == 0);
  caught thrown(CGO_GUARD {
    errno = EBUSY;
    faults::throw_two_deep();
  });
  CHECK(errno == 0);
  CHECK(faulted);
  CHECK(thrown);
}

GUARDED_TEST_CASE("A block that succeeds leaves its errno to the caller") {
  errno = 0;
  caught error(CGO_GUARD { errno = EBUSY; });
  CHECK(errno == EBUSY);
  CHECK_FALSE(error);
}

GUARDED_TEST_CASE("Trap 4: the signal mask is what it was, for each of the signals") {
  const mask before;
  void (*const all[])() = {faults::write_null,       faults::bus_error,     faults::arithmetic_exception,
                           faults::trap_instruction, +[] { abort(); },      faults::breakpoint,
                           +[] { raise(SIGSYS); },   faults::break_noexcept};
  for (auto *f : all) {
    caught error(CGO_GUARD { f(); });
    CHECK(error);
    CHECK(mask() == before);
  }
}

GUARDED_TEST_CASE("Trap 38: a fault inside a catch block leaves no exception behind") {
  caught error(CGO_GUARD {
    try {
      faults::throw_two_deep();
    } catch (const std::exception &) {
      faults::write_null();
    }
  });
  REQUIRE(error);
  CHECK(std::uncaught_exceptions() == 0);
  CHECK(std::current_exception() == nullptr);
  bool still_works = false;
  try {
    faults::throw_two_deep();
  } catch (const std::runtime_error &) {
    still_works = true;
  }
  CHECK(still_works);
}

namespace {
struct crashes_in_destructor {
  ~crashes_in_destructor() { faults::write_null(); }
};
}  // namespace

GUARDED_TEST_CASE("Trap 38: a fault during unwinding leaves no exception in flight") {
  caught error(CGO_GUARD {
    crashes_in_destructor c;
    faults::throw_two_deep();
  });
  REQUIRE(error);
  CHECK(error->number == SIGSEGV);
  CHECK(std::uncaught_exceptions() == 0);
  CHECK(std::current_exception() == nullptr);
}

GUARDED_TEST_CASE("Trap 38: exceptions of the guard's surroundings stay as they were") {
  int uncaught_inside = -1, uncaught_outside = -1;
  std::string still_current;
  struct in_unwinding {
    int &count;
    ~in_unwinding() {
      caught error(CGO_GUARD {
        crashes_in_destructor c;
        faults::throw_two_deep();
      });
      count = std::uncaught_exceptions();
    }
  };
  try {
    in_unwinding u{uncaught_inside};
    throw std::logic_error("outer");
  } catch (const std::logic_error &) {
    caught error(CGO_GUARD {
      try {
        throw 1;
      } catch (int) {
        faults::write_null();
      }
    });
    try {
      throw;
    } catch (const std::exception &e) {
      still_current = e.what();
    }
    uncaught_outside = std::uncaught_exceptions();
  }
  CHECK(uncaught_inside == 1);
  CHECK(uncaught_outside == 0);
  CHECK(still_current == "outer");
}

namespace {
int attempts = 0;
struct slow_to_start {
  slow_to_start() {
    if (++attempts == 1) faults::write_null();
  }
};
void use_static() {
  static slow_to_start once;
  static_cast<void>(once);
}
}  // namespace

GUARDED_TEST_CASE("Trap 39: a function's static whose constructor crashed is constructed at the next call") {
  caught first(CGO_GUARD { use_static(); });
  REQUIRE(first);
  CHECK(first->cleanup == CGO_GUARD_CLEANUP_COMPLETE);
  caught second(CGO_GUARD { use_static(); });
  CHECK_FALSE(second);
  CHECK(attempts == 2);
}
