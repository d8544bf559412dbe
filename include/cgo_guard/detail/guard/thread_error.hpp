// SPDX-License-Identifier: BSL-1.0
/// @file thread_error.hpp
/// Where the failure of a C++ thread goes that nobody joins: to the handler of cgo_guard_on_thread_error, or to stderr.
#ifndef CGO_GUARD_THREAD_ERROR_HPP
#define CGO_GUARD_THREAD_ERROR_HPP

#include <atomic>
#include <cstdio>

#include "../../config.hpp"
#include "../../guard.hpp"

#if CGO_GUARD_HAS_SIGNALS
#include "../signal/thread_signals.hpp"
#include "report.hpp"
#else
#include "../portable/guard_portable.hpp"
#endif

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

inline std::atomic<void (*)(cgo_guard_error *)> thread_error_handler{nullptr};

/// On a corrupt heap a description is the message alone, and the stack is had without the heap.
inline void print_thread_error(cgo_guard_error *error, bool described) noexcept {
  std::fprintf(stderr,
               "cgo_guard: a C++ thread failed, and nobody joins it. To be told of this in the program: "
               "cgoguard.OnThreadError in Go, cgo_guard_on_thread_error in C.\n%s%s%s",
               cgo_guard_describe(error), described ? "" : "\n", described ? "" : cgo_guard_stack(error));
}

/// Gives away a failure that nobody will ask for. @param error owned by this function.
[[gnu::cold, gnu::noinline]] inline void deliver_thread_error(cgo_guard_error *error) {
#if CGO_GUARD_HAS_SIGNALS
  process.count.thread_errors.fetch_add(1, std::memory_order_relaxed);
  const bool described = !heap_is_poisoned();
#else
  portable_count.thread_errors.fetch_add(1, std::memory_order_relaxed);
  const bool described = true;
#endif
  if (void (*const handler)(cgo_guard_error *) = thread_error_handler.load(std::memory_order_acquire)) {
    handler(error);
    return;
  }
#if CGO_GUARD_HAS_SIGNALS
  with_roomy_stack([=]() noexcept { print_thread_error(error, described); });
#else
  print_thread_error(error, described);
#endif
  cgo_guard_free(error);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

CGO_GUARD_C_API void cgo_guard_on_thread_error(void (*handler)(cgo_guard_error *error)) {
  cgo_guard::detail::thread_error_handler.store(handler, std::memory_order_release);
}

extern "C" __attribute__((used)) inline void cgo_guard_v1_thread_failed(cgo_guard_error *error) {
  cgo_guard::detail::deliver_thread_error(error);
}

extern "C" __attribute__((used)) inline bool cgo_guard_v1_enter_thread(void (*thunk)(void *), void *body,
                                                                       const char *function, const char *file,
                                                                       int line) {
#if CGO_GUARD_HAS_SIGNALS
  const cgo_guard::detail::ready_for_faults ready;
#endif
  cgo_guard_error *const error = cgo_guard::detail::run_guarded({function, file, line}, thunk, body);
  if (error == nullptr) return true;
  cgo_guard::detail::deliver_thread_error(error);
  return false;
}

#endif  // CGO_GUARD_THREAD_ERROR_HPP
