/* SPDX-License-Identifier: BSL-1.0 */
/* Every failure that the library knows, as a guarded export. All of them return an error, none returns NULL. */
#ifndef GALLERY_H
#define GALLERY_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

/* seed.cpp */
cgo_guard_error *test_crash(const char *text);
cgo_guard_error *test_null_object(void);

typedef cgo_guard_error *(*gallery_failure)(void);

/* exceptions.cpp */
cgo_guard_error *throw_out_of_range(void);
cgo_guard_error *throw_number(void);
cgo_guard_error *throw_text(void);
cgo_guard_error *throw_own_type(void);
cgo_guard_error *throw_nested(void);
cgo_guard_error *throw_file_not_found(void);
cgo_guard_error *throw_again_after_logging(void);
cgo_guard_error *throw_with_broken_what(void);

/* memory.cpp */
cgo_guard_error *read_null(void);
cgo_guard_error *write_wild(void);
cgo_guard_error *write_constant(void);
cgo_guard_error *call_null(void);
cgo_guard_error *execute_data(void);
cgo_guard_error *read_past_file(void);
cgo_guard_error *overflow_stack(void);
cgo_guard_error *smash_stack(void);
cgo_guard_error *free_twice(void);
cgo_guard_error *do_nothing(void);

/* aborts.cpp */
#ifdef __aarch64__
cgo_guard_error *run_no_instruction(void);
#else
cgo_guard_error *divide_by_zero(void);
#endif
cgo_guard_error *reach_unreachable(void);
cgo_guard_error *hit_breakpoint(void);
cgo_guard_error *call_abort(void);
cgo_guard_error *raise_sigsys(void);
cgo_guard_error *call_terminate(void);
cgo_guard_error *break_noexcept(void);
cgo_guard_error *call_pure_virtual(void);
cgo_guard_error *forget_to_join(void);
cgo_guard_error *throw_while_unwinding(void);

/* cleanup.cpp */
cgo_guard_error *crash_under_lock(void);
int lock_is_free(void);
cgo_guard_error *crash_while_cleaning(void);
cgo_guard_error *swallow_everything(void);

#ifdef __cplusplus
}

/* A value the optimizer can't see through. It stands in for the file boundaries of a real program: a compiler that sees
   a bug may use that it is not allowed to happen, and compile something else. */
template <class T>
T hidden(T value) {
  asm volatile("" : "+r"(value) : : "memory");
  return value;
}
#endif

#endif
