// SPDX-License-Identifier: BSL-1.0
/// @file interpose_portable.hpp
/// The function that every throw calls, so that the stack of the throw is recorded while it is there; and the one that
/// gives an exception its memory, so that none gets the stack of another.
///
/// Weak, so that a program with its own keeps them. Which throws come here is the linker's to say:
///
/// - ELF: those of all modules, because the program's definitions come first. Not those of a module with a C++ library
///   linked into it that keeps its symbols to itself.
/// - Mach-O: those of the image that this is compiled into. In the two-level namespace each reference names the library
///   it was linked against (ld(1), -twolevel_namespace), and a definition of the image itself comes before all. A Go
///   program with its cgo code is one image. What a dynamic library throws in a function of its own has no stack here,
///   and its error says so. dyld's own interposing is for libraries that are loaded with the program, and would take
///   the throws of everybody.
///
/// CGO_GUARD_NO_INTERPOSE leaves it out.
#ifndef CGO_GUARD_INTERPOSE_PORTABLE_HPP
#define CGO_GUARD_INTERPOSE_PORTABLE_HPP

#include "throw_stack_portable.hpp"

#if CGO_GUARD_RECORDS_THROWS

#include <cstddef>
#include <cstdlib>

#include "../runtime/original.hpp"
#include "../runtime/static_throw.hpp"

// Hidden on Mach-O, where it is for this image only: a weak definition that others see would be made one with theirs.
#if defined(__APPLE__)
#define CGO_GUARD_THROW_VISIBILITY "hidden"
#define CGO_GUARD_CXX_SYMBOL(name) "_" name
#else
#define CGO_GUARD_THROW_VISIBILITY "default"
#define CGO_GUARD_CXX_SYMBOL(name) name
#endif

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {
using portable_throw_function = void (*)(void *, void *, void (*)(void *));
using portable_allocate_function = void *(*)(std::size_t);

CGO_GUARD_OF_THIS_MODULE inline original portable_throw{"__cxa_throw"};
CGO_GUARD_OF_THIS_MODULE inline original portable_allocate{"__cxa_allocate_exception"};
/// The loader runs this when it has loaded us: a throw must not wait for the loader's lock (originals.hpp).
CGO_GUARD_OF_THIS_MODULE inline const bool portable_originals_are_known =
    (portable_throw.look_up(), portable_allocate.look_up(), true);
}  // namespace detail
CGO_GUARD_NAMESPACE_END

// By another name than <cxxabi.h> may declare it by, and not noreturn: then it may end in a jump, and is no frame of
// the throw.
extern "C" __attribute__((weak, used, visibility(CGO_GUARD_THROW_VISIBILITY))) void cgo_guard_v1_throw(
    void *object, void *type, void (*destructor)(void *)) __asm__(CGO_GUARD_CXX_SYMBOL("__cxa_throw"));

extern "C" __attribute__((weak, used, visibility(CGO_GUARD_THROW_VISIBILITY))) void cgo_guard_v1_throw(
    void *object, void *type, void (*destructor)(void *)) {
  using namespace cgo_guard::detail;
  bring_in_cxa_throw();
  portable_throws.remember(object, type, __builtin_extract_return_addr(__builtin_return_address(0)));
  const auto original = portable_throw.as<portable_throw_function>();
  if (original == nullptr) std::abort();
  original(object, type, destructor);
}

extern "C" __attribute__((weak, used, visibility(CGO_GUARD_THROW_VISIBILITY))) void *cgo_guard_v1_allocate_exception(
    std::size_t size) noexcept __asm__(CGO_GUARD_CXX_SYMBOL("__cxa_allocate_exception"));

extern "C" __attribute__((weak, used, visibility(CGO_GUARD_THROW_VISIBILITY))) void *cgo_guard_v1_allocate_exception(
    std::size_t size) noexcept {
  using namespace cgo_guard::detail;
  const auto original = portable_allocate.as<portable_allocate_function>();
  if (original == nullptr) std::abort();
  void *const object = original(size);
  portable_throws.forget(object);
  return object;
}

#undef CGO_GUARD_THROW_VISIBILITY
#undef CGO_GUARD_CXX_SYMBOL

#endif  // CGO_GUARD_RECORDS_THROWS

#endif  // CGO_GUARD_INTERPOSE_PORTABLE_HPP
