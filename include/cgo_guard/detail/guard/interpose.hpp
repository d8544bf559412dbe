// SPDX-License-Identifier: BSL-1.0
/// @file interpose.hpp
/// The functions that print and then abort. Under a guard they print nothing, and what they would have said becomes the
/// error's message; anywhere else the original does what it always did.
///
/// One might ask why not read glibc's __abort_msg and leave these alone. That variable belongs to the process: of two
/// threads that assert at once, one would report the other's words. And the line on stderr would have been written.
/// Weak, so that a program with its own __assert_fail keeps it. Define CGO_GUARD_NO_INTERPOSE to leave all of this out.
/// What can't be had this way: glibc's own heap and fortify checks call their printer inside libc. Their line goes to
/// stderr before there is a signal; the error carries the same text.
#ifndef CGO_GUARD_INTERPOSE_HPP
#define CGO_GUARD_INTERPOSE_HPP

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../runtime/static_throw.hpp"
#include "../state/sanitizer.hpp"
#include "originals.hpp"
#include "terminate.hpp"

#if !defined(CGO_GUARD_NO_INTERPOSE)

// Visible also under -fvisibility=hidden: these have to come before the originals for everybody, and dlsym has to find
// them for the table of functions that only report and abort (known_functions.hpp).
#define CGO_GUARD_INTERPOSER extern "C" __attribute__((noreturn, weak, used, visibility("default")))

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {
using assert_function = void (*)(const char *, const char *, libc::assert_line, const char *);
}  // namespace detail
CGO_GUARD_NAMESPACE_END

CGO_GUARD_INTERPOSER void __assert_fail(const char *expression, const char *file,
                                        cgo_guard::detail::libc::assert_line line,
                                        const char *function) CGO_GUARD_LIBC_NOTHROW {
  using namespace cgo_guard::detail;
  if (guard_record *record = begin_note(0)) {
    std::snprintf(record->note, sizeof record->note, "%s:%u: %s%sAssertion `%s' failed.", file, line,
                  function != nullptr ? function : "", function != nullptr ? ": " : "", expression);
  } else if (auto *const original = originals.assert_fail.as<assert_function>()) {
    original(expression, file, line, function);
  } else {
    std::fprintf(stderr, "%s:%u: %s: Assertion `%s' failed.\n", file, line, function != nullptr ? function : "?",
                 expression);
  }
  std::abort();
}

CGO_GUARD_INTERPOSER void __stack_chk_fail() {
  using namespace cgo_guard::detail;
  if (guard_record *record = begin_note(0)) {
    std::snprintf(record->note, sizeof record->note,
                  "stack smashing detected: the innermost function wrote past the end of a local array");
  } else if (auto *const original = originals.stack_chk_fail.as<void (*)()>()) {
    original();
  }
  std::abort();
}

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {
[[noreturn]] CGO_GUARD_OF_THIS_MODULE inline void missing_virtual(original &behind, const char *text) noexcept {
  if (guard_record *record = begin_note(state_terminate)) {
    std::snprintf(record->note, sizeof record->note, "%s", text);
    std::terminate();
  }
  if (auto *const original = behind.as<void (*)()>()) original();
  std::terminate();
}
}  // namespace detail
CGO_GUARD_NAMESPACE_END

CGO_GUARD_INTERPOSER void __cxa_pure_virtual() {
  cgo_guard::detail::missing_virtual(cgo_guard::detail::originals.pure_virtual,
                                     "pure virtual method called (on an object that is being built or destroyed)");
}

CGO_GUARD_INTERPOSER void __cxa_deleted_virtual() {
  cgo_guard::detail::missing_virtual(cgo_guard::detail::originals.deleted_virtual, "deleted virtual method called");
}

#if defined(CGO_GUARD_CXX_CHECK)
CGO_GUARD_INTERPOSER void cgo_guard_v1_check_failed(CGO_GUARD_CXX_CHECK_PARAMETERS) noexcept
    __asm__(CGO_GUARD_CXX_CHECK);

CGO_GUARD_INTERPOSER void cgo_guard_v1_check_failed(CGO_GUARD_CXX_CHECK_PARAMETERS) noexcept {
  using namespace cgo_guard::detail;
  char text[sizeof(guard_record::note)];
  CGO_GUARD_CXX_CHECK_TEXT(text);
  if (guard_record *record = begin_note(0)) {
    std::memcpy(record->note, text, sizeof text);
  } else if (auto *const original = originals.check_failed.as<void (*)(CGO_GUARD_CXX_CHECK_PARAMETERS)>()) {
    original(CGO_GUARD_CXX_CHECK_ARGUMENTS);
  } else {
    std::fprintf(stderr, "%s\n", text);
  }
  std::abort();
}
#endif

#if !CGO_GUARD_HAS_ASAN
CGO_GUARD_NAMESPACE_BEGIN
namespace detail {
using throw_function = void (*)(void *, void *, void (*)(void *));

/// The C++ runtime's __cxa_throw. Where it is linked statically there is no next one, but then ours isn't called
/// either.
CGO_GUARD_OF_THIS_MODULE inline throw_function original_throw() noexcept {
  bring_in_cxa_throw();
  return originals.cxa_throw.as<throw_function>();
}
}  // namespace detail
CGO_GUARD_NAMESPACE_END

// Not declared noreturn, although it never returns: only then may the compiler end it with a jump. Otherwise its frame
// would be one more for the unwinder in both phases of every throw.
extern "C" __attribute__((weak, used, visibility("default"))) void cgo_guard_v1_throw(
    void *object, void *type, void (*destructor)(void *)) __asm__("__cxa_throw");

extern "C" __attribute__((weak, used, visibility("default"))) void cgo_guard_v1_throw(void *object, void *type,
                                                                                      void (*destructor)(void *)) {
  using namespace cgo_guard::detail;
  const throw_function original = original_throw();
  if (process.mode.load(std::memory_order_relaxed) >= process_mode::ready) {
    throw_stacks.remember(object, arch::address_in_this_frame());
  }
  original(object, type, destructor);
}
#endif  // no sanitizer

// A `catch (...)` that is entered because of a fault sees one exception less in flight than the destructors on the way
// there, as it would for an exception. libstdc++ counts only its own, and calls ours foreign (eh_catch.cc). As above:
// not a frame, and where libstdc++ is linked statically not called, because end_exception brings in the original.
extern "C" __attribute__((weak, used, visibility("default"))) void *cgo_guard_v1_begin_catch(void *exception) noexcept
    __asm__("__cxa_begin_catch");

extern "C" __attribute__((weak, used, visibility("default"))) void *cgo_guard_v1_begin_catch(void *exception) noexcept {
  using namespace cgo_guard::detail;
  using catch_function = void *(*)(void *) noexcept;
  const auto original = originals.cxa_begin_catch.as<catch_function>();
  // Set, not counted down: the original may be that of another copy of this header.
  if (static_cast<const _Unwind_Exception *>(exception)->exception_class == forced_class) {
    cxx::current_globals().uncaught = static_cast<const forced_exception *>(exception)->uncaught_outside;
  }
  return original(exception);
}

// A `throw;` in such a `catch (...)`: as libstdc++ does it, so that the walk of a failure goes on. libc++abi would
// throw what has not been thrown; destructors up to the next `catch (...)` would see one exception too few in flight.
extern "C" __attribute__((weak, used, visibility("default"))) void cgo_guard_v1_rethrow() __asm__("__cxa_rethrow");

extern "C" __attribute__((weak, used, visibility("default"))) void cgo_guard_v1_rethrow() {
  using namespace cgo_guard::detail;
  cxx::globals &globals = cxx::current_globals();
  _Unwind_Exception *const caught = cxx::caught_last(globals);
  if (caught != nullptr && caught->exception_class == forced_class) {
    cxx::forget_caught_last(globals);
    _Unwind_Resume_or_Rethrow(caught);
  }
  originals.cxa_rethrow.as<void (*)()>()();
}

#undef CGO_GUARD_INTERPOSER

#endif  // !CGO_GUARD_NO_INTERPOSE

#endif  // CGO_GUARD_INTERPOSE_HPP
