// SPDX-License-Identifier: BSL-1.0
/// @file cxx_libstdcxx.hpp
/// libstdc++: its exception objects, what it knows of each thread (which exceptions are being handled, and how many are
/// in flight), and how its types answer a catch clause.
///
/// The layouts are those of libstdc++'s unwind-cxx.h, unchanged since GCC 4.5. They are ABI: programs link against a
/// shared libstdc++ that was built with them. Nothing public tells which exceptions belong to frames that are gone.
#ifndef CGO_GUARD_CXX_LIBSTDCXX_HPP
#define CGO_GUARD_CXX_LIBSTDCXX_HPP

#include <cstddef>
#include <cstdint>
#include <typeinfo>

#include <cxxabi.h>
#include <unwind.h>

#include "../arch/arch.hpp"

extern "C" int __gxx_personality_v0(...);

// The function behind operator[] and its like with -D_GLIBCXX_ASSERTIONS (GCC 12 and newer), which says what has failed
// and aborts: std::__glibcxx_assert_fail(const char *file, int line, const char *function, const char *condition). By
// its symbol, because <bits/c++config.h> declares it only for some settings. A library without one doesn't define this.
#define CGO_GUARD_CXX_CHECK "_ZSt21__glibcxx_assert_failPKciS0_S0_"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::cxx {

constexpr const char *check_readable_name = "std::__glibcxx_assert_fail(char const*, int, char const*, char const*)";
constexpr const char *rethrow_exception_name = "_ZSt17rethrow_exceptionNSt15__exception_ptr13exception_ptrE";

constexpr _Unwind_Exception_Class primary_class = 0x474e5543432b2b00;  // "GNUCC++\0"
constexpr _Unwind_Exception_Class dependent_class = primary_class | 1;

constexpr bool is_cxx_class(_Unwind_Exception_Class c) noexcept { return c == primary_class || c == dependent_class; }
inline bool is_cxx(const _Unwind_Exception &e) noexcept { return is_cxx_class(e.exception_class); }

/// __cxa_exception and, with `type_or_primary` meaning the object instead, __cxa_dependent_exception.
struct header {
  void *type_or_primary;
  void (*destructor)(void *);
  void (*unexpected)();
  void (*terminate)();
  header *next;
  int handler_count;  ///< catch clauses that it is in; negative while one of them throws it on
  int handler_switch_value;
  const unsigned char *action_record;
  const unsigned char *lsda;
  std::uintptr_t catch_temp;
  void *adjusted;
  _Unwind_Exception unwind;
};
static_assert(sizeof(header) == 112, "libstdc++'s __cxa_exception on LP64");
constexpr std::size_t reference_count_offset = 16;  // it stands before the header, padded to the header's alignment

struct globals {
  header *caught;
  unsigned int uncaught;
};

/// The calling thread's. Its first use may allocate: not for the signal handler.
inline globals &current_globals() noexcept { return *reinterpret_cast<globals *>(abi::__cxa_get_globals()); }

/// The thrown object, to which a dependent exception only points; nullptr for an exception of another language.
inline void *object_of(_Unwind_Exception &e) noexcept {
  if (e.exception_class == primary_class) return &e + 1;
  if (e.exception_class != dependent_class) return nullptr;
  return (reinterpret_cast<header *>(&e + 1) - 1)->type_or_primary;
}
inline const std::type_info *type_of(void *object) noexcept {
  return static_cast<const std::type_info *>((static_cast<header *>(object) - 1)->type_or_primary);
}

/// The exception that was caught last and is still being handled, or nullptr.
inline _Unwind_Exception *caught_last(const globals &of) noexcept {
  return of.caught != nullptr ? &of.caught->unwind : nullptr;
}
/// However often it has been caught and thrown on, the end of one catch clause ends it.
inline void make_caught_once(_Unwind_Exception &e) noexcept {
  reinterpret_cast<header *>(reinterpret_cast<char *>(&e) - offsetof(header, unwind))->handler_count = 1;
}
/// It stays as it is, and is no longer one that is being handled. Those of other languages are not chained.
inline void forget_caught_last(globals &of) noexcept {
  of.caught = is_cxx(of.caught->unwind) ? of.caught->next : nullptr;
}

/// Whether the exception at an address, a C++ one by its class, is alive and in no catch clause. Async-signal-safe, by
/// reads that may fail.
inline bool is_alive_and_uncaught(std::uintptr_t exception) noexcept {
  const std::uintptr_t begin = exception - offsetof(header, unwind);
  std::uintptr_t references = 0, handlers = 0;
  if (arch::cgo_guard_v1_load(begin - reference_count_offset, &references) == 0 || (references & 0xffffffff) == 0 ||
      (references & 0xffffffff) > 1000) {
    return false;  // freed: the allocator has written its list pointer there
  }
  return arch::cgo_guard_v1_load(begin + offsetof(header, handler_count), &handlers) != 0 &&
         static_cast<std::int32_t>(handlers) <= 0;
}

/// What a catch clause of type `wanted` would be given of an object. @param object becomes the part of it that is one.
inline bool catches(const std::type_info *wanted, const std::type_info *thrown, void *&object) noexcept {
  // The symbols are declared as plain type_info, but are of classes derived from it. GCC would take the declaration at
  // its word and call type_info's own __do_catch, which knows no bases.
  __asm__("" : "+r"(wanted));
  return wanted->__do_catch(thrown, &object, 1);
}

/// The type by which libraries recognise an unwind that they may not swallow. Looked up by name because <cxxabi.h>
/// declares it only with RTTI on. Weak where a library has none.
extern const char forced_unwind_type_info[] __asm__("_ZTIN10__cxxabiv115__forced_unwindE");

/// Brings the object file in that defines __cxa_throw, where the library is linked statically: a definition that isn't
/// weak wins over ours.
inline void bring_in_throw() noexcept {
  static void *const volatile same_object_file = reinterpret_cast<void *>(&abi::__cxa_init_primary_exception);
  static_cast<void>(same_object_file);
}

}  // namespace detail::cxx
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CXX_LIBSTDCXX_HPP
