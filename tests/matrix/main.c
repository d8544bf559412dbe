/* SPDX-License-Identifier: BSL-1.0 */
/// @file main.c
/// The checks of every cell of the matrix. In C, so that the other half of the header is compiled with the same flags,
/// and so that the one translation unit that holds guards (guarded.cpp) is the one whose flags are under test.
#include <cgo_guard.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "program.h"

#if defined(WITHOUT_INDEX)
/* No fault's stack can be walked, so there are neither frames nor cleanup, but there is an error. */
enum { walked = 0, fault_cleanup = CGO_GUARD_CLEANUP_NONE, noexcept_cleanup = CGO_GUARD_CLEANUP_NONE };
#else
enum { walked = 1, fault_cleanup = CGO_GUARD_CLEANUP_COMPLETE, noexcept_cleanup = CGO_GUARD_CLEANUP_PARTIAL };
#endif
#if defined(WITHOUT_INDEX)
static const int assertion_cleanup = CGO_GUARD_CLEANUP_NONE;
#elif defined(STATICALLY_LINKED)
/* dlsym finds nothing there, so the frames of abort's own road are counted with the user's. */
static const int assertion_cleanup = CGO_GUARD_CLEANUP_PARTIAL;
#else
static const int assertion_cleanup = CGO_GUARD_CLEANUP_COMPLETE;
#endif

static int failures = 0;

static void check(int holds, const char *what) {
  if (holds) return;
  printf("failed: %s\n", what);
  ++failures;
}

/// Checks the error that came back and releases it.
static void came_back(const char *what, cgo_guard_error *error, int code, int number, const char *name,
                      const char *message, const char *function, int cleanup) {
  if (error == NULL) {
    check(0, what);
    return;
  }
  const int before = failures;
  const char *const stack = cgo_guard_stack(error);
  check(error->magic == CGO_GUARD_MAGIC && error->abi_version == CGO_GUARD_ABI_VERSION, "magic and ABI version");
  check(error->struct_size == sizeof *error, "struct_size");
  check(error->code == code, "code");
  check(error->number == number, "number");
  check(strcmp(error->name, name) == 0, "name");
  check(strstr(error->message, message) != NULL, "message");
  check(strlen(error->message) == error->message_length, "message_length");
  check(strstr(error->file, "guarded") != NULL && error->line > 0, "file and line of the guard");
  check(error->frame_count > 0, "frames");
  check(error->cleanup == cleanup, "cleanup");
  // Where the function was inlined, cloned or merged away, the next one of the stack is still there.
  check(!walked || strstr(stack, function) != NULL, "function in the stack");
  check(strstr(cgo_guard_describe(error), message) != NULL, "description");
  if (failures != before)
    printf("in %s: code %d, number %d, stack\n%s%s\n", what, error->code, error->number, stack,
           cgo_guard_describe(error));
  error->release(error);
}

int main(void) {
  cgo_guard_error *error = (cgo_guard_error *)1;
  cgo_guard_stats stats;

  check(CGO_GUARD_GUARDS_SIGNALS == 1 && cgo_guard_guards_signals() != 0, "signals are guarded, and that is said");
  check(guarded_success() == NULL, "success yields NULL");
  check(guarded_value(0, &error) == 42 && error == NULL, "a value, and no error");

  came_back("an exception", guarded_throw(), CGO_GUARD_EXCEPTION, 0, "std::out_of_range", "index 7",
            "throw_out_of_range", CGO_GUARD_CLEANUP_COMPLETE);
  check(destructors_run == 1, "the destructor between throw and guard has run");

  came_back("a null pointer", guarded_fault(), CGO_GUARD_SIGNAL, SIGSEGV, "SIGSEGV", "null pointer write", "write_null",
            fault_cleanup);
  check(destructors_run == 1 + walked, "the destructor between fault and guard has run");

  came_back("a failed assertion", guarded_assertion(), CGO_GUARD_SIGNAL, SIGABRT, "SIGABRT", "the answer",
            "fail_assertion", assertion_cleanup);
  check(destructors_run == 1 + 2 * walked, "the destructor between assertion and guard has run");

  came_back("a broken noexcept", guarded_noexcept(), CGO_GUARD_TERMINATE, 0, "std::out_of_range", "index 7",
            "break_noexcept", noexcept_cleanup);

  check(guarded_value(1, &error) == 0 && error != NULL, "a default value, and an error");
  cgo_guard_free(error);
#if defined(TWO_GUARDED)
  came_back("a fault in the second translation unit", guarded_too(), CGO_GUARD_SIGNAL, SIGSEGV, "SIGSEGV",
            "null pointer", "write_null", fault_cleanup);
#endif

  memset(&stats, 0, sizeof stats);
  stats.struct_size = sizeof stats;
  cgo_guard_get_stats(&stats);
  check(stats.installed == 7, "seven handlers installed");
  check(stats.live_errors == 0, "no error left over");
  check(stats.exceptions == 3 && stats.terminates == 1, "counters");

#if !defined(ALLOCATOR_IS_BLIND)
#if defined(STATICALLY_LINKED)
  const char *const last_words = "abort() was called";
#else
  const char *const last_words = "double free";
#endif
  // The last, because the heap is corrupt now: whether it is known for that depends on finding malloc by its name.
  came_back("a double free", guarded_double_free(), CGO_GUARD_SIGNAL, SIGABRT, "SIGABRT", last_words, "free_twice",
            CGO_GUARD_CLEANUP_NONE);
  check(!walked || guarded_success() != NULL, "no guard runs on a corrupt heap");
#endif
  if (failures == 0) puts("OK");
  return failures != 0;
}
