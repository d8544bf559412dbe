// SPDX-License-Identifier: BSL-1.0
/// @file guard.hpp
/// CGO_GUARD and CGO_GUARD_VALUE: the two macros that users type.
#ifndef CGO_GUARD_GUARD_HPP
#define CGO_GUARD_GUARD_HPP

#include <new>
#include <type_traits>
#include <utility>

#include "config.hpp"

#include "callback.hpp"

#if CGO_GUARD_HAS_SIGNALS
#include "detail/guard/entry.hpp"
#include "detail/guard/exit.hpp"
#include "detail/guard/interpose.hpp"
#include "detail/guard/report.hpp"
#else
#include "detail/portable/guard_portable.hpp"
#endif

#include "detail/guard/thread_error.hpp"

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
/// Yields what the block returns, or `T{}` on failure.
#define CGO_GUARD_VALUE(error) ::cgo_guard::detail::make_value_site(error, __func__, __FILE__, __LINE__)->*[&]()

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

struct value_site {
  guard_site site;
  cgo_guard_error **error;
};

inline value_site make_value_site(cgo_guard_error **error, const char *function, const char *file, int line) noexcept {
  return {{function, file, line}, error};
}

template <class T>
value_site make_value_site(T, const char *, const char *, int) noexcept {
  constexpr bool is_null = std::is_same_v<T, std::nullptr_t> || std::is_integral_v<T>;  // NULL is a long to a template
  static_assert(!is_null,
                "CGO_GUARD_VALUE(NULL): a failure would have no place to go; pass the address of a cgo_guard_error *");
  static_assert(is_null, "CGO_GUARD_VALUE takes a cgo_guard_error **");
  return {};
}

/// Runs a block under a guard. @return NULL or the error.
template <class Body>
[[nodiscard, gnu::always_inline]] inline cgo_guard_error *run_guarded(const guard_site &site,
                                                                      Body &body) noexcept(false) {
#if CGO_GUARD_HAS_SIGNALS
  // The site is passed on in pieces, and only where something failed: as an object it would be built on every call.
  guard_context<Body> context;
  context.body = &body;
  if (CGO_GUARD_UNLIKELY(process.mode.load(std::memory_order_relaxed) != process_mode::ready)) {
    return run_with_detour(&block_thunk<Body>, context.record, site.function, site.file, site.line);
  }
  void *const outcome = arch::cgo_guard_v1_enter(&block_thunk<Body>, &context);
  if (CGO_GUARD_LIKELY(outcome == nullptr)) return nullptr;
  return fail(context.record, outcome, &block_thunk<Body>, site.function, site.file, site.line);
#else
  return run_portable(site, body);
#endif
}

template <class Body>
[[nodiscard, gnu::always_inline]] inline cgo_guard_error *operator->*(const guard_site &site, Body &&body) {
  return run_guarded(site, body);
}

/// Where a value of a guarded block is built; not initialised on the way in, not destroyed where it never was built.
template <class T>
union value_slot {
  value_slot() {}
  ~value_slot() {}
  T value;
};

template <class Body>
[[nodiscard, gnu::always_inline]] inline auto operator->*(const value_site &site, Body &&body) {
  using value_type = std::remove_cv_t<decltype(body())>;
  static_assert(!std::is_void_v<value_type>, "the block of CGO_GUARD_VALUE returns nothing: use CGO_GUARD");
  static_assert(
      std::is_default_constructible_v<value_type>,
      "the block of CGO_GUARD_VALUE returns a type without a default value, which a failure would have to return");
  value_slot<value_type> slot;
  auto fill = [&] { ::new (static_cast<void *>(&slot.value)) value_type(body()); };
  cgo_guard_error *const failure = run_guarded(site.site, fill);
  if (CGO_GUARD_LIKELY(failure == nullptr)) {
    if (CGO_GUARD_LIKELY(site.error != nullptr)) *site.error = nullptr;
    value_type result(std::move(slot.value));
    slot.value.~value_type();
    return result;
  }
  if (site.error != nullptr) {
    *site.error = failure;
  } else {
    report_undelivered(failure);
  }
  return value_type{};
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_GUARD_HPP
