// SPDX-License-Identifier: BSL-1.0
/// @file c_library.hpp
/// What the tests expect of glibc and of musl where the two differ, and of a program that either is linked into.
#ifndef CGO_GUARD_TESTS_UNIT_C_LIBRARY_HPP
#define CGO_GUARD_TESTS_UNIT_C_LIBRARY_HPP

#include <cfenv>

#include <link.h>

namespace c_library {

// musl declares makecontext and swapcontext, and has neither.
#if defined(__GLIBC__)
#define C_LIBRARY_HAS_CONTEXTS 1
#else
#define C_LIBRARY_HAS_CONTEXTS 0
#endif
constexpr const char *why_no_contexts = "this C library has no makecontext";

#if defined(__GLIBC__)
/// Whether its malloc looks for a block that is freed twice, or written past its end. zig's, which a program with musl
/// has here, does not.
constexpr bool malloc_notices = true;
/// Whether what assert has said can be read in the process.
constexpr bool keeps_last_words = true;
/// Makes a division by zero a signal.
inline void trap_division() { feenableexcept(FE_DIVBYZERO); }
#else
constexpr bool malloc_notices = false;
constexpr bool keeps_last_words = false;
inline void trap_division() {}  // musl can't
#endif
constexpr const char *why_malloc_does_not_notice = "this malloc doesn't look for a corrupt heap";
constexpr const char *why_no_last_words = "this C library keeps nothing of what assert has said";

/// Whether everything is in one file: then nothing can be loaded, and nobody can be asked for a function by its name.
inline bool is_static() {
  return dl_iterate_phdr(
             [](dl_phdr_info *info, std::size_t, void *) -> int {
               for (int i = 0; i < info->dlpi_phnum; ++i) {
                 if (info->dlpi_phdr[i].p_type == PT_INTERP) return 1;
               }
               return 2;  // the first is the program itself
             },
             nullptr) == 2;
}
constexpr const char *why_not_static = "in a static program nothing can be loaded, nor found by its name";

}  // namespace c_library

#endif  // CGO_GUARD_TESTS_UNIT_C_LIBRARY_HPP
