/* SPDX-License-Identifier: BSL-1.0 */
/* C++ between two pieces of Go: crossing.cpp. */
#ifndef GUARDTEST_CROSSING_H
#define GUARDTEST_CROSSING_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the C++ between guard and callback does with the callback's failure. */
enum guardtest_crossing {
  GUARDTEST_PASS_ON = 0, /* nothing: it goes to the guard */
  GUARDTEST_SWALLOW = 1, /* catches it and goes on */
  GUARDTEST_CATCH_AND_RETHROW = 2,
  GUARDTEST_NEST = 3,          /* std::throw_with_nested */
  GUARDTEST_REPLACE = 4,       /* throws something else */
  GUARDTEST_KEEP_AND_RAISE = 5 /* keeps an exception_ptr, raises it after the catch block, twice */
};

/* What C++ saw of it. */
typedef struct guardtest_crossing_seen {
  int32_t destructors; /* that ran between callback and guard */
  int32_t caught;
  int32_t is_panic;
  int32_t went_on; /* the code behind the callback was reached */
  char type[64];
  char what[256];
} guardtest_crossing_seen;

cgo_guard_error *guardtest_cross(uintptr_t function, int32_t how, guardtest_crossing_seen *seen);
/* The same for a callback that is not wrapped and reports nothing. */
cgo_guard_error *guardtest_cross_unwrapped(uintptr_t function, guardtest_crossing_seen *seen);
/* A guarded call whose C++ calls a guard inside, and passes the failure of that to check. */
cgo_guard_error *guardtest_check_inner_guard(void);
/* check() of what is no report: 0 a number, 1 a report of another version. */
cgo_guard_error *guardtest_check_nonsense(int32_t which);
/* For benchmarks: n callbacks without and with Callback and check. */
cgo_guard_error *guardtest_bare_callbacks(uint64_t n);
cgo_guard_error *guardtest_checked_callbacks(uint64_t n);

#ifdef __cplusplus
}
#endif
#endif
