// SPDX-License-Identifier: BSL-1.0
/// @file cxx_thread_state.hpp
/// What the C++ runtime knows of each thread: which exceptions are being handled, and how many are in flight. Both
/// runtimes keep the same two words (the Itanium C++ ABI's __cxa_eh_globals); where in an exception the list of caught
/// ones points is each one's own.
#ifndef CGO_GUARD_CXX_THREAD_STATE_HPP
#define CGO_GUARD_CXX_THREAD_STATE_HPP

#include <cstddef>

#include "cxx_exceptions.hpp"

extern "C" void *cgo_guard_v1_cxx_globals() noexcept __asm__("__cxa_get_globals");

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::cxx {

struct globals {
  void *caught;
  unsigned int uncaught;
};

/// The calling thread's. Its first use may allocate: not for the signal handler.
inline globals &current_globals() noexcept { return *static_cast<globals *>(cgo_guard_v1_cxx_globals()); }

/// libc++abi's list points to the words before the part that both have.
constexpr std::size_t list_before_header = compiled_for == maker::libcxxabi ? 16 : 0;

inline header &caught_header(const globals &of) noexcept {
  return *reinterpret_cast<header *>(static_cast<char *>(of.caught) + list_before_header);
}
/// The exception that was caught last and is still being handled, or nullptr.
inline _Unwind_Exception *caught_last(const globals &of) noexcept {
  return of.caught != nullptr ? &caught_header(of).unwind : nullptr;
}
/// However often it has been caught and thrown on, the end of one catch clause ends it.
inline void make_caught_once(_Unwind_Exception &e) noexcept { header_of(e).handler_count = 1; }
/// It stays as it is, and is no longer one that is being handled. Those of other languages are not chained.
inline void forget_caught_last(globals &of) noexcept {
  const header &last = caught_header(of);
  of.caught = is_cxx(last.unwind) ? last.next : nullptr;
}

}  // namespace detail::cxx
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CXX_THREAD_STATE_HPP
