// SPDX-License-Identifier: BSL-1.0
/// @file contract.hpp
/// What a file with guards asks of the implementation. Not for users: guard.hpp and its neighbours are.
///
/// Frozen for one CGO_GUARD_ABI_VERSION, which is in every name. What changes here takes the next one, and a program
/// that mixes the two does not link.
#ifndef CGO_GUARD_CONTRACT_HPP
#define CGO_GUARD_CONTRACT_HPP

#include "abi.h"
#include "config.hpp"

/// For other modules of the program too, also under -fvisibility=hidden: a plugin may leave the implementation to it.
#define CGO_GUARD_SHARED __attribute__((visibility("default")))

extern "C" {

/// Calls thunk(body) under a guard. @return NULL, or the error, which says nothing yet of where the guard stands.
CGO_GUARD_SHARED cgo_guard_error *cgo_guard_v1_run(void (*thunk)(void *), void *body);

/// The rest of a failure: where its guard stands. The three are kept. @return the same error.
///
/// Every guard needs it, so its name as the linker knows it is what somebody reads who has no implementation.
CGO_GUARD_SHARED __attribute__((cold, returns_nonnull)) cgo_guard_error *cgo_guard_v1_failed_at(cgo_guard_error *error,
                                                                                                const char *function,
                                                                                                const char *file,
                                                                                                int line) noexcept
    __asm__("cgo_guard_v1__import_cgoguard_in_Go__or_define_CGO_GUARD_IMPLEMENTATION_in_one_cpp_file");

/// Puts a failure where CGO_GUARD_VALUE was told to. @param error owned. @param place if NULL, it is said on stderr.
CGO_GUARD_SHARED __attribute__((cold)) void cgo_guard_v1_deliver(cgo_guard_error *error,
                                                                 cgo_guard_error **place) noexcept;

/// Throws what check() was given, which is not NULL. @param report owned.
[[noreturn]] CGO_GUARD_SHARED __attribute__((cold)) void cgo_guard_v1_throw_report(cgo_guard_error *report);

/// See prepare_this_thread.
CGO_GUARD_SHARED bool cgo_guard_v1_prepare_thread(void) noexcept;

/// Runs thunk(body) as enter_thread says. @return whether it succeeded.
CGO_GUARD_SHARED bool cgo_guard_v1_enter_thread(void (*thunk)(void *), void *body, const char *function,
                                                const char *file, int line);

/// The failure of a thread that nobody joins. @param error owned.
CGO_GUARD_SHARED __attribute__((cold)) void cgo_guard_v1_thread_failed(cgo_guard_error *error);

/// Whether a failure has left the heap corrupt, so that nothing may be freed any more.
CGO_GUARD_SHARED bool cgo_guard_v1_heap_is_poisoned(void) noexcept;

}  // extern "C"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Has the loader of a plugin say what its linker would have said of a program. It names the first reference that it
/// can't resolve, and comes to those in data first: so this one stands there, once in a module with guards. Hidden,
/// since as a unique symbol it would keep the module loaded for ever.
template <class>
struct implementation {
  __attribute__((visibility("hidden"))) static cgo_guard_error *(*const needed)(cgo_guard_error *, const char *,
                                                                                const char *, int) noexcept;
};
template <class T>
__attribute__((used)) cgo_guard_error *(*const implementation<T>::needed)(cgo_guard_error *, const char *, const char *,
                                                                          int) noexcept = &cgo_guard_v1_failed_at;

// <type_traits> takes as long to compile as all of this.
template <class, class>
constexpr bool is_same_type = false;
template <class T>
constexpr bool is_same_type<T, T> = true;

template <class T>
struct without_cv {
  using type = T;
};
template <class T>
struct without_cv<const T> {
  using type = T;
};
template <class T>
struct without_cv<volatile T> {
  using type = T;
};
template <class T>
struct without_cv<const volatile T> {
  using type = T;
};
template <class T>
using remove_cv = typename without_cv<T>::type;

template <class T>
struct without_reference {
  using type = T;
};
template <class T>
struct without_reference<T &> {
  using type = T;
};
template <class T>
using referred_to = typename without_reference<T>::type;

/// What the trampoline calls. Its name marks the border in a symbolized stack (guarded_blocks.hpp).
template <class Body>
void block_thunk(void *body) {
  // May become a tail call, which saves a nanosecond and leaves no frame: see name_the_block.
  (*reinterpret_cast<Body *>(body))();
}

template <class Body>
void *address_of_block(Body &body) noexcept {
  return const_cast<void *>(reinterpret_cast<const volatile void *>(__builtin_addressof(body)));
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CONTRACT_HPP
