// SPDX-License-Identifier: BSL-1.0
// Built with -fno-asynchronous-unwind-tables -fno-exceptions (meson.build): a library that was stripped of its tables.
namespace faults {
void call_without_unwind_tables(void (*f)()) {
  f();
  asm volatile("" ::: "memory");
}
}  // namespace faults
