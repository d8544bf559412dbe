// SPDX-License-Identifier: BSL-1.0
/// @file failing.h
/// The ways to fail, each several functions deep. Without the library's header, as the code under a guard mostly is.
#ifndef FAILING_H
#define FAILING_H

namespace shop {

void count_items();
void write_item();
void call_nobody();
void give_up();
void check_stock();
void break_promise();
void add_up();
void recurse_for_ever();
void pass_on();

}  // namespace shop

struct cgo_guard_error;
/// Calls it under a guard (guarded.cpp).
cgo_guard_error *run_guarded(void (*fail)());

#endif  // FAILING_H
