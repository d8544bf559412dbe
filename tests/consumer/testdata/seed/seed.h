/* SPDX-License-Identifier: BSL-1.0 */
#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif
void test_crash(const char *text);
cgo_guard_error *wait_behind_callback(void);
void wait_for_ever(void);
void let_anyone_attach(void);
void go_answer(void);
#ifdef __cplusplus
}
#endif
