/* SPDX-License-Identifier: BSL-1.0 */
/// @file program.h
/// The four translation units of the matrix program: main.c checks, guarded.cpp and guarded_too.cpp guard, failing.cpp
/// fails.
#ifndef CGO_GUARD_TESTS_MATRIX_PROGRAM_H
#define CGO_GUARD_TESTS_MATRIX_PROGRAM_H

/* Not the header: failing.cpp is code that has never heard of it. */
struct cgo_guard_error;

#ifdef __cplusplus
extern "C" {
#endif

/* guarded.cpp */
struct cgo_guard_error *guarded_success(void);
struct cgo_guard_error *guarded_throw(void);
struct cgo_guard_error *guarded_fault(void);
struct cgo_guard_error *guarded_assertion(void);
struct cgo_guard_error *guarded_noexcept(void);
struct cgo_guard_error *guarded_double_free(void);
int guarded_value(int fail, struct cgo_guard_error **error);

/* guarded_too.cpp */
struct cgo_guard_error *guarded_too(void);

/* failing.cpp */
extern int destructors_run;
void with_destructor(void (*function)(void));
void throw_out_of_range(void);
void write_null(void);
void fail_assertion(void);
void break_noexcept(void);
void free_twice(void);

#ifdef __cplusplus
}
#endif
#endif /* CGO_GUARD_TESTS_MATRIX_PROGRAM_H */
