// SPDX-License-Identifier: BSL-1.0
/// @file trapping_arithmetic.hpp
/// GCC's -ftrapv calls functions of libgcc, which only abort: a signed overflow would be "abort() was called".
#ifndef CGO_GUARD_TRAPPING_ARITHMETIC_HPP
#define CGO_GUARD_TRAPPING_ARITHMETIC_HPP

#include <initializer_list>

#include "../frames/frame_table.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {
namespace trapping {

// Where their code begins. Weak, because they exist where the program calls them: they are linked in and hidden, so
// that no loader knows them. Of 4, 8 and 16 bytes.
extern const char add_si __asm__("__addvsi3") __attribute__((weak));
extern const char sub_si __asm__("__subvsi3") __attribute__((weak));
extern const char mul_si __asm__("__mulvsi3") __attribute__((weak));
extern const char neg_si __asm__("__negvsi2") __attribute__((weak));
extern const char abs_si __asm__("__absvsi2") __attribute__((weak));
extern const char add_di __asm__("__addvdi3") __attribute__((weak));
extern const char sub_di __asm__("__subvdi3") __attribute__((weak));
extern const char mul_di __asm__("__mulvdi3") __attribute__((weak));
extern const char neg_di __asm__("__negvdi2") __attribute__((weak));
extern const char abs_di __asm__("__absvdi2") __attribute__((weak));
extern const char add_ti __asm__("__addvti3") __attribute__((weak));
extern const char sub_ti __asm__("__subvti3") __attribute__((weak));
extern const char mul_ti __asm__("__mulvti3") __attribute__((weak));
extern const char neg_ti __asm__("__negvti2") __attribute__((weak));
extern const char abs_ti __asm__("__absvti2") __attribute__((weak));

}  // namespace trapping

/// Whether the function that called abort does arithmetic that may not overflow. Known in the module that the guard is
/// compiled into.
inline bool is_trapping_arithmetic(const void *call_site) noexcept {
  using namespace trapping;
  frame_description caller;
  if (!find_frame_description(reinterpret_cast<std::uintptr_t>(call_site), caller)) return false;
  for (const char *const function : {&add_si, &sub_si, &mul_si, &neg_si, &abs_si, &add_di, &sub_di, &mul_di, &neg_di,
                                     &abs_di, &add_ti, &sub_ti, &mul_ti, &neg_ti, &abs_ti}) {
    if (function != nullptr && reinterpret_cast<std::uintptr_t>(function) == caller.begin) return true;
  }
  return false;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_TRAPPING_ARITHMETIC_HPP
