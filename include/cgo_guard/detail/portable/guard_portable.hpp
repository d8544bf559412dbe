// SPDX-License-Identifier: BSL-1.0
/// @file guard_portable.hpp
/// The guard where signals can't be guarded (CGO_GUARD_HAS_SIGNALS is 0: macOS, other processors). The same
/// macros and the same C functions, with a catch clause in place of the trampoline: exceptions only.
///
/// A program has one of the two guards: both define the functions of abi.h, each for its own errors.
#ifndef CGO_GUARD_GUARD_PORTABLE_HPP
#define CGO_GUARD_GUARD_PORTABLE_HPP

#if !defined(__cpp_exceptions)
#error \
    "cgo_guard guards only exceptions on this platform, and this file is compiled without them: it would guard nothing"
#endif

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <cxxabi.h>

#include "../../contract.hpp"
#include "describe_portable.hpp"
#include "error_portable.hpp"
#include "interpose_portable.hpp"
#include "terminate_portable.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Only inside a handler. errno is 0 afterwards, so that cgo's two-result form doesn't report a leftover beside our
/// error.
[[gnu::cold, gnu::noinline, gnu::returns_nonnull]] inline cgo_guard_error *fail_with_current() noexcept {
  portable_count.exceptions.fetch_add(1, std::memory_order_relaxed);
  portable_error &slot = new_error();
  if (!slot.shared) {
    cgo_guard_error &e = slot.error;
    e.thread_id = kernel_thread_id();
    describe_current(slot);
    recall_throw(slot);
    if (e.cause == nullptr) e.cause = describe_causes();
  }
  errno = 0;
  return &slot.error;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

CGO_GUARD_C_API cgo_guard_error *cgo_guard_make_go_error(uint64_t go_value, int32_t go_panic, const char *type,
                                                         uint64_t type_length, const char *message,
                                                         uint64_t message_length) {
  using namespace cgo_guard::detail;
  portable_error &slot = new_error();
  if (slot.shared) return &slot.error;
  slot.error.code = CGO_GUARD_GO;
  slot.error.go_value = go_value;
  slot.error.go_panic = go_panic;
  slot.error.thread_id = kernel_thread_id();
  slot.owned_name = static_cast<char *>(std::malloc(type_length + 1));
  if (slot.owned_name != nullptr) {
    std::memcpy(slot.owned_name, type, type_length);
    slot.owned_name[type_length] = 0;
  }
  slot.error.name = slot.owned_name != nullptr ? slot.owned_name : "";
  set_message(slot, message, message_length);
  error_store.count(slot);
  return &slot.error;
}

/// A frame of its own in every build: it is how a walk knows that it has come to a guard.
extern "C" __attribute__((used, noinline)) inline cgo_guard_error *cgo_guard_v1_run(void (*thunk)(void *), void *body) {
  cgo_guard::detail::have_terminate_told();
  const cgo_guard::detail::guard_mark mark(thunk, body);
  try {
    thunk(body);
    return nullptr;
#if defined(CGO_GUARD_CXX_IS_LIBSTDCXX)
  } catch (const abi::__forced_unwind &) {
    throw;  // pthread_cancel and pthread_exit unwind the stack; a catch clause that ends them ends the process
#endif
  } catch (...) {
    return cgo_guard::detail::fail_with_current();
  }
}

extern "C" __attribute__((used)) inline cgo_guard_error *cgo_guard_v1_failed_at(cgo_guard_error *error,
                                                                                const char *function, const char *file,
                                                                                int line) noexcept {
  using namespace cgo_guard::detail;
  portable_error &slot = slot_of(*error);
  if (slot.shared) return error;
  error->function = function;
  error->file = file;
  error->line = line;
  error_store.count(slot);
  return error;
}

extern "C" __attribute__((used)) inline void cgo_guard_v1_deliver(cgo_guard_error *error,
                                                                  cgo_guard_error **place) noexcept {
  using namespace cgo_guard::detail;
  if (place != nullptr) {
    *place = error;
    return;
  }
  portable_count.undelivered.fetch_add(1, std::memory_order_relaxed);
  print_undelivered(cgo_guard_describe(error));
  cgo_guard_free(error);
}

/// Where signals can't be guarded, there is nothing to prepare a thread for.
extern "C" __attribute__((used)) inline bool cgo_guard_v1_prepare_thread(void) noexcept { return true; }
extern "C" __attribute__((used)) inline bool cgo_guard_v1_heap_is_poisoned(void) noexcept { return false; }

#endif  // CGO_GUARD_GUARD_PORTABLE_HPP
