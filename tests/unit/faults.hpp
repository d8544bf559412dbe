// SPDX-License-Identifier: BSL-1.0
/// @file faults.hpp
/// Every way to fail that the tests need. In a translation unit of their own, because a compiler that sees them knows
/// that they can't throw, and drops the landing pads of their callers.
#ifndef CGO_GUARD_TESTS_UNIT_FAULTS_HPP
#define CGO_GUARD_TESTS_UNIT_FAULTS_HPP

#include <cstddef>
#include <cstdint>

namespace faults {

int read_null();
void write_null();
void write_to(std::uintptr_t address);
int read_from(std::uintptr_t address);
void call_null();
void call_address(std::uintptr_t address);
void call_method_of_null();
void write_read_only();
void execute_data();
void wild_access();
void bus_error();
int divide(int a, int b);
/// SIGFPE: by a division, or raised where the processor has no such exception.
void arithmetic_exception();
void illegal_instruction();
void trap_instruction();
void breakpoint();
void assert_three_deep(int value);
int overflow_stack(int depth);
int overflow_with_big_frames(int depth);
void smash_stack(std::size_t bytes);
void smash_return_address_with(std::uintptr_t value);
void smash_return_address_and_fault();
void call_pure_virtual();
void break_noexcept();
void throw_two_deep();
void throw_in_destructor_while_unwinding();
void terminate_with_joinable_thread();
void double_free();
void write_past_heap_block();

/// Compiled without unwind tables: calls `f`, so that the walk breaks off in the middle.
void call_without_unwind_tables(void (*f)());

}  // namespace faults

#endif  // CGO_GUARD_TESTS_UNIT_FAULTS_HPP
