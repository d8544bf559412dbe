// SPDX-License-Identifier: BSL-1.0
/// @file exception_objects.hpp
/// libstdc++'s exception objects and per-thread exception state, read and repaired after frames were left behind.
#ifndef CGO_GUARD_EXCEPTION_OBJECTS_HPP
#define CGO_GUARD_EXCEPTION_OBJECTS_HPP

#include <typeinfo>

#include <cxxabi.h>

#include "contain.hpp"
#include "in_flight.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// A thrown object and its type; empty for an exception of another language.
struct exception_view {
  const std::type_info *type = nullptr;
  void *object = nullptr;
  explicit operator bool() const { return type != nullptr; }
};

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

/// The exception that a std::terminate is about: the one being handled, which may be one that met a noexcept, or else
/// one on its way. @param thrown that one, or nullptr
inline exception_view view_at_terminate(_Unwind_Exception *thrown) noexcept {
  const exception_view current = current_exception_view();
  return current || thrown == nullptr ? current : view_of(*thrown);
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

/// Whether a caught exception belongs to frames that the guard has left behind. The unwinder leaves in private_2 the
/// stack address of the frame that catches (libgcc, unwind.inc: uw_identify_context).
inline bool is_left_behind(const exception_header &caught, const guard_record &record) noexcept {
  if (&caught.unwind == &record.forced.unwind) return true;  // our own, abandoned in a `catch (...)`
  if (!is_gnu(caught.unwind)) return false;
  // 0 where the search has found nobody: then __cxa_throw itself has caught it, for std::terminate.
  if (caught.unwind.private_2 == 0) return (record.state & state_terminate) != 0 || record.fault.through_terminate;
  return record.stacks.contain(caught.unwind.private_2);
}

/// Makes the thread's exception state what it was when the guard was entered: ends what was caught in frames that are
/// gone, and counts what was in flight in them no more.
inline void restore_exception_state(guard_record &record) noexcept {
  exception_globals &globals = current_globals();
  globals.uncaught = uncaught_outside(record);
  while (globals.caught != nullptr && is_left_behind(*globals.caught, record)) {
    exception_header *const top = globals.caught;
    const bool foreign = !is_gnu(top->unwind);
    if (!foreign && !record.fault.in_allocator) {
      top->handler_count = 1;  // whatever nesting of catch and rethrow it was in is gone with its frames
      contain([] { abi::__cxa_end_catch(); });
    }
    if (globals.caught == top) globals.caught = foreign ? nullptr : top->next;  // libstdc++ does not chain foreign ones
  }
  globals.uncaught = uncaught_outside(record);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_EXCEPTION_OBJECTS_HPP
