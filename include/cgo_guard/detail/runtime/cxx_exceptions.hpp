// SPDX-License-Identifier: BSL-1.0
/// @file cxx_exceptions.hpp
/// Exception objects of both C++ runtimes, each read by its own layout: a process may hold both, a plugin of libc++ in
/// a program of libstdc++ or the other way round, and an exception says by its class who has made it.
///
///     libstdc++     count  pad   │ type │ destructor … next │ handlers … adjusted │ _Unwind_Exception │ object
///       dependent                │ prim.│ …
///     libc++abi     reserve count│ type │ destructor … next │ handlers … adjusted │ _Unwind_Exception │ object
///       dependent   reserve prim.│ type │ …
///                   ↑            ↑
///         libc++abi's lists      libstdc++'s list
///
/// The layouts are those of libstdc++'s unwind-cxx.h, unchanged since GCC 4.5, and libc++abi's cxa_exception.h,
/// unchanged on LP64 since LLVM 10. They are ABI: programs link against shared libraries that were built with them.
/// Nothing public tells which exceptions belong to frames that are gone.
#ifndef CGO_GUARD_CXX_EXCEPTIONS_HPP
#define CGO_GUARD_CXX_EXCEPTIONS_HPP

#include <cstddef>
#include <cstdint>
#include <typeinfo>

#include <unwind.h>

#include "../arch/arch.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::cxx {

/// Who has made an exception.
enum class maker : unsigned char { another_language, libstdcxx, libcxxabi };

#if defined(CGO_GUARD_CXX_IS_LIBCXXABI)
constexpr maker compiled_for = maker::libcxxabi;
#else
constexpr maker compiled_for = maker::libstdcxx;
#endif

constexpr maker maker_of_class(_Unwind_Exception_Class c) noexcept {
  constexpr _Unwind_Exception_Class any = ~_Unwind_Exception_Class{1};  // a dependent exception's is one more
  return (c & any) == 0x474e5543432b2b00   ? maker::libstdcxx           // "GNUCC++\0"
         : (c & any) == 0x434c4e47432b2b00 ? maker::libcxxabi           // "CLNGC++\0"
                                           : maker::another_language;
}
constexpr bool is_cxx_class(_Unwind_Exception_Class c) noexcept { return maker_of_class(c) != maker::another_language; }
inline bool is_cxx(const _Unwind_Exception &e) noexcept { return is_cxx_class(e.exception_class); }
constexpr bool is_dependent_class(_Unwind_Exception_Class c) noexcept { return (c & 1) != 0; }

/// The runtime whose functions this module calls, __cxa_begin_catch and so on. In a dynamic program it is whichever has
/// been loaded first, for both kinds of code; see find_out_who_serves.
CGO_GUARD_CONSTINIT inline maker serving{compiled_for};

/// Whether the runtime that serves us has made it, and counts it.
inline bool is_counted_class(_Unwind_Exception_Class c) noexcept { return maker_of_class(c) == serving; }

/// The part that both have.
struct header {
  void *type_or_primary;  ///< the type; of libstdc++'s dependent ones the object
  void (*destructor)(void *);
  void (*unexpected)();
  void (*terminate)();
  void *next;
  int handler_count;  ///< catch clauses that it is in; negative while one of them throws it on
  int handler_switch_value;
  const unsigned char *action_record;
  const unsigned char *lsda;
  std::uintptr_t catch_temp;
  void *adjusted;
  _Unwind_Exception unwind;
};
static_assert(sizeof(header) == 112, "__cxa_exception on LP64, from its type on");

/// Of the words before it: the reference count, or what a dependent exception of libc++abi's has in its place.
constexpr std::size_t count_before_header(maker by) noexcept { return by == maker::libstdcxx ? 16 : 8; }
constexpr std::size_t primary_before_header = 8;
inline header &header_of(_Unwind_Exception &e) noexcept { return reinterpret_cast<header *>(&e + 1)[-1]; }

/// The thrown object, to which a dependent exception only points; nullptr for an exception of another language.
inline void *object_of(_Unwind_Exception &e) noexcept {
  const maker by = maker_of_class(e.exception_class);
  if (by == maker::another_language) return nullptr;
  if (!is_dependent_class(e.exception_class)) return &e + 1;
  header &of = header_of(e);
  return by == maker::libstdcxx ? of.type_or_primary : reinterpret_cast<void **>(&of)[-1];
}
static_assert(primary_before_header == sizeof(void *), "the word before the header");
inline const std::type_info *type_of(void *object) noexcept {
  return static_cast<const std::type_info *>((static_cast<header *>(object) - 1)->type_or_primary);
}

/// Whether the exception at an address, a C++ one by its class, is alive and in no catch clause. Async-signal-safe, by
/// reads that may fail.
inline bool is_alive_and_uncaught(std::uintptr_t exception) noexcept {
  std::uintptr_t exception_class = 0, references = 0, handlers = 0;
  if (arch::cgo_guard_v1_load(exception, &exception_class) == 0) return false;
  const maker by = maker_of_class(exception_class);
  const std::uintptr_t begin = exception - offsetof(header, unwind);
  std::uintptr_t counted = begin;
  if (is_dependent_class(exception_class)) {
    // It has no count of its own, and is alive for as long as it has its primary.
    const std::uintptr_t place = by == maker::libstdcxx ? begin : begin - primary_before_header;
    if (arch::cgo_guard_v1_load(place, &counted) == 0) return false;
    counted -= sizeof(header);
  }
  // Of a freed one the allocator has overwritten it with its list pointer.
  if (arch::cgo_guard_v1_load(counted - count_before_header(by), &references) == 0) return false;
  if (by == maker::libstdcxx) references &= 0xffffffff;  // an int, and four bytes of padding
  if (references == 0 || references > 1000) return false;
  return arch::cgo_guard_v1_load(begin + offsetof(header, handler_count), &handlers) != 0 &&
         static_cast<std::int32_t>(handlers) <= 0;
}

}  // namespace detail::cxx
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CXX_EXCEPTIONS_HPP
