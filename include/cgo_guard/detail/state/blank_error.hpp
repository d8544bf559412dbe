// SPDX-License-Identifier: BSL-1.0
/// @file blank_error.hpp
/// An error with nothing in it yet, one that is gone, and what is said to callers who mistake one for the other: the
/// same for both guards, wherever the memory comes from.
#ifndef CGO_GUARD_BLANK_ERROR_HPP
#define CGO_GUARD_BLANK_ERROR_HPP

#include <cstdint>
#include <cstdio>
#include <cstring>

#include "../../abi.h"
#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// The magic of an error that was released: "cggfreed" in memory.
constexpr std::uint64_t freed_magic = 0x6465657266676763;

/// Everything but the magic, which is for when the rest is there.
inline void make_blank(cgo_guard_error &e, int code, void (*release)(cgo_guard_error *)) noexcept {
  std::memset(&e, 0, sizeof e);
  e.abi_version = CGO_GUARD_ABI_VERSION;
  e.struct_size = sizeof e;
  e.release = release;
  e.code = code;
  e.name = e.message = e.category = e.function = e.file = e.types = e.core_file = "";
}

inline void make_live(cgo_guard_error &e) noexcept { __atomic_store_n(&e.magic, CGO_GUARD_MAGIC, __ATOMIC_RELEASE); }

/// Where that can be read.
inline bool has_magic(const cgo_guard_error &e) noexcept {
  return __atomic_load_n(&e.magic, __ATOMIC_ACQUIRE) == CGO_GUARD_MAGIC;
}

inline void report_misuse(const char *function, const void *pointer, const char *what) noexcept {
  std::fprintf(stderr, "cgo_guard: %s(%p): %s\n", function, pointer, what);
}

/// For functions that say something of an error: NULL says nothing, and what is no live error is reported.
/// @param is_live the guard's own, which knows where its errors are
inline bool can_be_told(const char *function, const cgo_guard_error *error,
                        bool (*is_live)(const cgo_guard_error &) noexcept) noexcept {
  if (error == nullptr) return false;
  if (is_live(*error)) return true;
  report_misuse(function, error, "not a live cgo_guard_error");
  return false;
}

/// Whether it is the failure of a guard's block in C++, whose stack a reader would look for. Not a cause, which has no
/// guard of its own, and nothing whose details are lost.
inline bool has_stack_of_its_own(const cgo_guard_error &e) noexcept {
  return e.function[0] != 0 && e.code != CGO_GUARD_GO && e.code != CGO_GUARD_QUARANTINED &&
         e.cleanup != CGO_GUARD_CLEANUP_UNKNOWN;
}

/// @param magic what is found where an error has its own.
inline const char *why_not_freed(std::uint64_t magic) noexcept {
  return magic == freed_magic ? "this error was already freed; further ones are only counted"
                              : "this is not a cgo_guard_error";
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_BLANK_ERROR_HPP
