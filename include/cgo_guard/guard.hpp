// SPDX-License-Identifier: BSL-1.0
/// @file guard.hpp
/// CGO_GUARD and CGO_GUARD_VALUE: the two macros that users type.
#ifndef CGO_GUARD_GUARD_HPP
#define CGO_GUARD_GUARD_HPP

#include <new>

#include "contract.hpp"

#if !CGO_GUARD_HAS_SIGNALS && !defined(__cpp_exceptions)
#error \
    "cgo_guard guards only exceptions on this platform, and this file is compiled without them: it would guard nothing"
#endif

/// Guards the block that follows: `return CGO_GUARD { … };`
///
/// Yields a `cgo_guard_error *`: NULL on success, otherwise an error that the caller owns (cgo_guard_free, or
/// cgoguard.Err in Go). The block is the body of a lambda that captures by reference: `return;` leaves the block, line
/// numbers are those of the file. Any exception and any of the seven fatal signals ends the block and becomes the
/// error. Throws nothing; pthread_cancel passes through. Any thread. May be nested, and used in destructors and
/// callbacks.
#define CGO_GUARD ::cgo_guard::detail::guard_site{__func__, __FILE__, __LINE__}->*[&]() -> void

/// Guards a block that returns a value: `return CGO_GUARD_VALUE(error) { return total(); };`
///
/// @param error a `cgo_guard_error **`, set to NULL on success and to the error on failure. If the pointer itself is
///   NULL, a failure is printed on stderr: it must not vanish.
/// Yields what the block returns, or `T{}` on failure. The value is moved out of the guard: what its move constructor
/// throws then is not the block's, and goes on to the caller.
#define CGO_GUARD_VALUE(error) ::cgo_guard::detail::make_value_site(error, __func__, __FILE__, __LINE__)->*[&]()

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Where a guard stands in the source.
struct guard_site {
  const char *function;
  const char *file;
  int line;
};

struct value_site {
  guard_site site;
  cgo_guard_error **error;
};

inline value_site make_value_site(cgo_guard_error **error, const char *function, const char *file, int line) noexcept {
  return {{function, file, line}, error};
}

template <class T>
value_site make_value_site(T, const char *, const char *, int) noexcept {
  // NULL is an integer to a template, of a type that only the compiler knows.
  constexpr bool is_null =
      is_same_type<T, decltype(nullptr)> || is_same_type<T, decltype(__null)> || is_same_type<T, int>;
  static_assert(!is_null,
                "CGO_GUARD_VALUE(NULL): a failure would have no place to go; pass the address of a cgo_guard_error *");
  static_assert(is_null, "CGO_GUARD_VALUE takes a cgo_guard_error **");
  return {};
}

/// A block, and where its guard stands. Where signals are guarded that is told after a failure, and nobody asks before.
/// Where they are not, std::terminate ends the process, and says under which guard (terminate_portable.hpp).
struct sited_block {
  const guard_site *site;
  void (*thunk)(void *);
  void *body;
};
/// Visible to all: by its address the implementation, which may be another module's, knows what it was given.
CGO_GUARD_SHARED inline void sited_thunk(void *block) {
  const auto &it = *static_cast<const sited_block *>(block);
  it.thunk(it.body);
}

/// Runs a block under a guard. @return NULL or the error.
///
/// What failed is told its site afterwards: on the way in nothing is built that only a failure needs.
[[nodiscard, gnu::always_inline]] inline cgo_guard_error *run_guarded(const guard_site &site, void (*thunk)(void *),
                                                                      void *body) noexcept(false) {
#if CGO_GUARD_HAS_SIGNALS
  cgo_guard_error *const error = cgo_guard_v1_run(thunk, body);
#else
  sited_block block{&site, thunk, body};
  cgo_guard_error *const error = cgo_guard_v1_run(&sited_thunk, &block);
#endif
  if (CGO_GUARD_LIKELY(error == nullptr)) return nullptr;
  static_cast<void>(&implementation<void>::needed);
  return cgo_guard_v1_failed_at(error, site.function, site.file, site.line);
}

template <class Body>
[[nodiscard, gnu::always_inline]] inline cgo_guard_error *operator->*(const guard_site &site, Body &&body) {
  return run_guarded(site, &block_thunk<Body>, address_of_block(body));
}

/// A block and the place for its value, which is not initialised on the way in, and not destroyed where it never was
/// built.
template <class Body, class Value>
struct value_block {
  explicit value_block(Body &block) noexcept : body(block) {}
  ~value_block() {}
  Body &body;
  union {
    Value value;
  };
};

/// As block_thunk. The block's type comes first, for the same reason.
template <class Body, class Value>
void value_thunk(void *block) {
  auto &it = *static_cast<value_block<Body, Value> *>(block);
  ::new (static_cast<void *>(__builtin_addressof(it.value))) Value(it.body());
}

template <class Body>
[[nodiscard, gnu::always_inline]] inline auto operator->*(const value_site &site, Body &&body) {
  using value_type = remove_cv<decltype(body())>;
  static_assert(!is_same_type<value_type, void>, "the block of CGO_GUARD_VALUE returns nothing: use CGO_GUARD");
  static_assert(
      __is_constructible(value_type),
      "the block of CGO_GUARD_VALUE returns a type without a default value, which a failure would have to return");
  value_block<Body, value_type> block(body);
  cgo_guard_error *const failure = run_guarded(site.site, &value_thunk<Body, value_type>, &block);
  if (CGO_GUARD_LIKELY(failure == nullptr)) {
    if (CGO_GUARD_LIKELY(site.error != nullptr)) *site.error = nullptr;
    value_type result(static_cast<value_type &&>(block.value));
    block.value.~value_type();
    return result;
  }
  // Where it is seen to have a place it is put there at once, for a local variable whose address nobody else gets costs
  // nothing on the way in.
  if (__builtin_constant_p(site.error != nullptr) && site.error != nullptr) {
    *site.error = failure;
  } else {
    cgo_guard_v1_deliver(failure, site.error);
  }
  return value_type{};
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_GUARD_HPP
