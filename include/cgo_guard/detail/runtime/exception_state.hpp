// SPDX-License-Identifier: BSL-1.0
/// @file exception_state.hpp
/// The layout of libstdc++'s exception objects, and of what it knows of each thread: which exceptions are being
/// handled, and how many are in flight.
///
/// The layouts are those of libstdc++'s unwind-cxx.h, unchanged since GCC 4.5. They are ABI: programs link against a
/// shared libstdc++ that was built with them. Nothing public tells which exceptions belong to frames that are gone.
#ifndef CGO_GUARD_EXCEPTION_STATE_HPP
#define CGO_GUARD_EXCEPTION_STATE_HPP

#include <cstddef>
#include <cstdint>

#include <cxxabi.h>
#include <unwind.h>

#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

constexpr _Unwind_Exception_Class gnu_class = 0x474e5543432b2b00;  // "GNUCC++\0"
constexpr _Unwind_Exception_Class gnu_dependent_class = gnu_class | 1;

/// "CGOGUARD": not the C++ class, so that typed handlers never match and libstdc++ treats it as foreign.
constexpr _Unwind_Exception_Class forced_class = 0x43474f4755415244;

/// What landing pads get to see after a failure that is no exception. Frozen, because of several copies of this header
/// one has the __cxa_begin_catch for all of them (interpose.hpp).
struct forced_exception {
  _Unwind_Exception unwind;
  std::uint32_t uncaught_outside;  ///< std::uncaught_exceptions() when the guard was entered, or uncaught_unknown
};
static_assert(offsetof(forced_exception, uncaught_outside) == 32, "right behind the exception");

/// Of a guard that has failed and has not asked libstdc++ yet.
constexpr std::uint32_t uncaught_unknown = ~std::uint32_t{0};

/// __cxa_exception and, with `type_or_primary` meaning the object instead, __cxa_dependent_exception.
struct exception_header {
  void *type_or_primary;
  void (*destructor)(void *);
  void (*unexpected)();
  void (*terminate)();
  exception_header *next;
  int handler_count;  ///< catch clauses that it is in; negative while one of them throws it on
  int handler_switch_value;
  const unsigned char *action_record;
  const unsigned char *lsda;
  std::uintptr_t catch_temp;
  void *adjusted;
  _Unwind_Exception unwind;
};
static_assert(sizeof(exception_header) == 112, "libstdc++'s __cxa_exception on LP64");
constexpr std::size_t reference_count_offset = 16;  // it stands before the header, padded to the header's alignment

struct exception_globals {
  exception_header *caught;
  unsigned int uncaught;
};

inline exception_globals &current_globals() noexcept {
  return *reinterpret_cast<exception_globals *>(abi::__cxa_get_globals());
}

inline bool is_gnu(const _Unwind_Exception &e) noexcept {
  return e.exception_class == gnu_class || e.exception_class == gnu_dependent_class;
}

inline exception_header *header_of(void *object) noexcept { return static_cast<exception_header *>(object) - 1; }

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_EXCEPTION_STATE_HPP
