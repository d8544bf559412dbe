// SPDX-License-Identifier: BSL-1.0
/// @file exception_objects.hpp
/// libstdc++'s exception objects and per-thread exception state, read and repaired after frames were left behind.
///
/// The layouts are those of libstdc++'s unwind-cxx.h, unchanged since GCC 4.5. They are ABI: programs link against a
/// shared libstdc++ that was built with them. Nothing public tells which exceptions belong to frames that are gone.
#ifndef CGO_GUARD_EXCEPTION_OBJECTS_HPP
#define CGO_GUARD_EXCEPTION_OBJECTS_HPP

#include <typeinfo>

#include <cxxabi.h>

#include "contain.hpp"
#include "in_flight.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

constexpr _Unwind_Exception_Class gnu_class = 0x474e5543432b2b00;  // "GNUCC++\0"
constexpr _Unwind_Exception_Class gnu_dependent_class = gnu_class | 1;

/// __cxa_exception and, with `type_or_primary` meaning the object instead, __cxa_dependent_exception.
struct exception_header {
  void *type_or_primary;
  void (*destructor)(void *);
  void (*unexpected)();
  void (*terminate)();
  exception_header *next;
  int handler_count;
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

/// A thrown object and its type; empty for an exception of another language.
struct exception_view {
  const std::type_info *type = nullptr;
  void *object = nullptr;
  explicit operator bool() const { return type != nullptr; }
};

inline exception_header *header_of(void *object) noexcept { return static_cast<exception_header *>(object) - 1; }

inline exception_view view_of_object(void *object) noexcept {
  if (object == nullptr) return {};
  return {static_cast<const std::type_info *>(header_of(object)->type_or_primary), object};
}

inline exception_view view_of(_Unwind_Exception &e) noexcept {
  if (!is_gnu(e)) return {};
  void *const after = &e + 1;  // the object of a primary exception; a dependent one only points to it
  return view_of_object(e.exception_class == gnu_class ? after : header_of(after)->type_or_primary);
}

inline exception_view current_exception_view() noexcept {
  exception_header *const top = current_globals().caught;
  return top != nullptr ? view_of(top->unwind) : exception_view{};
}

/// Ends an exception that reached a guard, as the end of a catch block would. Its destructor is the user's code.
inline void end_exception(_Unwind_Exception &e) noexcept {
  contain([&e] {
    if (is_gnu(e)) {
      abi::__cxa_begin_catch(&e);
      abi::__cxa_end_catch();
    } else {
      _Unwind_DeleteException(&e);
    }
  });
}

/// Makes the thread's exception state what it was when the guard was entered.
///
/// Caught exceptions: the unwinder leaves in private_2 the stack address of the frame that catches (libgcc, unwind.inc:
/// uw_identify_context). Those below the guard were caught in frames that are gone.
/// Uncaught ones: counted by the signal handler while their frames were still there (count_in_flight).
inline void restore_exception_state(const guard_record &record) noexcept {
  exception_globals &globals = current_globals();
  for (int i = 0; i < 64 && globals.caught != nullptr; ++i) {
    exception_header *const top = globals.caught;
    if (top->unwind.exception_class == forced_class) {
      globals.caught = nullptr;  // our own, abandoned in a `catch (...)`; libstdc++ does not chain foreign ones
      continue;
    }
    if (!is_gnu(top->unwind) || top->unwind.private_2 >= record.guard_cfa) break;
    top->handler_count = 1;  // whatever nesting of catch and rethrow it was in is gone with its frames
    contain([] { abi::__cxa_end_catch(); });
    if (globals.caught == top) globals.caught = top->next;
  }
  if (record.uncaught_outside != uncaught_unknown) globals.uncaught = record.uncaught_outside;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_EXCEPTION_OBJECTS_HPP
