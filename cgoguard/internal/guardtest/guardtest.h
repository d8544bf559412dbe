// SPDX-License-Identifier: BSL-1.0
// Guarded exports that fail on purpose, for the tests of package cgoguard: _test.go files cannot use cgo.
#ifndef GUARDTEST_H
#define GUARDTEST_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

// Every failure takes a number and shows it again in its message or its address, so that a test can tell whether an
// error belongs to the call that it came from.
typedef cgo_guard_error *(*guardtest_function)(uint64_t token);

static inline cgo_guard_error *guardtest_call(guardtest_function function, uint64_t token) { return function(token); }

cgo_guard_error *guardtest_success(uint64_t token, uint64_t *out);
uint64_t guardtest_value(uint64_t token, int32_t fails, cgo_guard_error **error);

// unguarded.cpp
void guardtest_unguarded_crash(void);
void guardtest_unguarded_overrun(void);
cgo_guard_error *guardtest_spin(volatile int32_t *started);
int32_t guardtest_signal_before_main(void);

// exceptions.cpp
cgo_guard_error *guardtest_throw_int(uint64_t token);
cgo_guard_error *guardtest_throw_char_pointer(uint64_t token);
cgo_guard_error *guardtest_throw_string(uint64_t token);
cgo_guard_error *guardtest_throw_struct(uint64_t token);
cgo_guard_error *guardtest_throw_out_of_range(uint64_t token);
cgo_guard_error *guardtest_throw_system_error(uint64_t token);
cgo_guard_error *guardtest_throw_filesystem_error(uint64_t token);
cgo_guard_error *guardtest_throw_own_category(uint64_t token);
cgo_guard_error *guardtest_throw_nested(uint64_t token);

// messages.cpp
cgo_guard_error *guardtest_what_null(uint64_t token);
cgo_guard_error *guardtest_what_throws(uint64_t token);
cgo_guard_error *guardtest_what_crashes(uint64_t token);
cgo_guard_error *guardtest_what_huge(uint64_t token);
cgo_guard_error *guardtest_what_invalid_utf8(uint64_t token);
cgo_guard_error *guardtest_what_many_lines(uint64_t token);
cgo_guard_error *guardtest_string_with_nul(uint64_t token);

// faults.cpp
cgo_guard_error *guardtest_null_read(uint64_t token);
cgo_guard_error *guardtest_null_write(uint64_t token);
cgo_guard_error *guardtest_null_call(uint64_t token);
cgo_guard_error *guardtest_null_object(uint64_t token);
cgo_guard_error *guardtest_write_read_only(uint64_t token);
cgo_guard_error *guardtest_execute_data(uint64_t token);
cgo_guard_error *guardtest_wild_read(uint64_t token);
cgo_guard_error *guardtest_read_past_file(uint64_t token);
cgo_guard_error *guardtest_arithmetic_exception(uint64_t token);
cgo_guard_error *guardtest_illegal_instruction(uint64_t token);
cgo_guard_error *guardtest_breakpoint(uint64_t token);
cgo_guard_error *guardtest_raise_sigsys(uint64_t token);
cgo_guard_error *guardtest_raise_sigsegv(uint64_t token);
cgo_guard_error *guardtest_stack_overflow(uint64_t token);

// aborts.cpp
cgo_guard_error *guardtest_abort(uint64_t token);
cgo_guard_error *guardtest_assert(uint64_t token);
cgo_guard_error *guardtest_stack_smashing(uint64_t token);
cgo_guard_error *guardtest_noexcept_violation(uint64_t token);
cgo_guard_error *guardtest_pure_virtual_call(uint64_t token);
cgo_guard_error *guardtest_terminate(uint64_t token);
cgo_guard_error *guardtest_throw_while_unwinding(uint64_t token);
cgo_guard_error *guardtest_joinable_thread(uint64_t token);
cgo_guard_error *guardtest_double_free(uint64_t token);

// machine_state.cpp: each spoils something that a thread shares with Go, and then fails.
cgo_guard_error *guardtest_fault_with_float_traps(uint64_t token);
cgo_guard_error *guardtest_fault_with_direction_flag(uint64_t token);
cgo_guard_error *guardtest_fault_with_alignment_check(uint64_t token);
int32_t guardtest_cancelled_thread_unwinds(void);
int32_t guardtest_threads_can_be_unwound(void);

// callback.cpp
cgo_guard_error *guardtest_call_go(uintptr_t function, int32_t fails_after, int32_t *went_on);

// cleanup.cpp
cgo_guard_error *guardtest_fault_under_lock(uint64_t token);
int32_t guardtest_lock_is_free(void);

// misuse.cpp
typedef struct guardtest_future_error {
  uint64_t magic;
  uint32_t abi_version;
  uint32_t struct_size;
  void (*release)(struct guardtest_future_error *);
  char what_a_later_version_added[512];
} guardtest_future_error;
typedef struct guardtest_small {
  uint32_t value;
} guardtest_small;
typedef struct guardtest_unrelated {
  uint64_t value[4];
} guardtest_unrelated;

guardtest_future_error *guardtest_make_future_error(int32_t with_release);
cgo_guard_error *guardtest_wild_error(void);
cgo_guard_error *guardtest_error_at_the_end(void);
int32_t guardtest_future_errors_released(void);
guardtest_small *guardtest_make_small(void);
guardtest_unrelated *guardtest_make_unrelated(void);

// fill.cpp
cgo_guard_error *guardtest_fill(uint8_t *buffer, uint64_t size, uint64_t rounds, int32_t fails);

#ifdef __cplusplus
}
#endif
#endif  // GUARDTEST_H
