// SPDX-License-Identifier: BSL-1.0
/// @file terminate_portable.hpp
/// std::terminate where signals can't be guarded: it ends the process, as a broken noexcept does, and nothing can keep
/// it from that. What can be done is to say under which guard, why and where, before whoever had it before does the
/// rest.
#ifndef CGO_GUARD_TERMINATE_PORTABLE_HPP
#define CGO_GUARD_TERMINATE_PORTABLE_HPP

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "describe_portable.hpp"
#include "frame_names_portable.hpp"
#include "throw_stack_portable.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

CGO_GUARD_CONSTINIT inline std::atomic<bool> portable_terminate_is_ours{false};
CGO_GUARD_CONSTINIT inline std::atomic<bool> portable_terminate_was_told{false};
CGO_GUARD_CONSTINIT inline std::atomic<std::terminate_handler> portable_terminate_before{nullptr};

/// What is to be known of it, as of an error.
inline void describe_terminate(portable_error &slot, const guard_site *site) noexcept {
  cgo_guard_error &e = slot.error;
  e.thread_id = kernel_thread_id();
  if (abi::__cxa_current_exception_type() != nullptr) {
    describe_current(slot);
  } else {
    set_message(slot, "no exception is being handled", "");
  }
  e.code = CGO_GUARD_TERMINATE;
  e.cleanup = CGO_GUARD_CLEANUP_UNKNOWN;
  if (site == nullptr) return;
  e.function = site->function;
  e.file = site->file;
  e.line = site->line;
}

/// @param caller the return address of the terminate handler.
inline void report_terminate(const void *caller) noexcept {
  const void *here[max_frames];
  portable_walk walk(caller, here);
  // clang before 15 has no unwind table for its __clang_call_terminate without -g, and the walk from a broken noexcept
  // ends there. The throw knows.
  const sited_block *const block = walk.guard() ? walk.guard().block() : guard_of_throw();
  if (!walk.guard() && block == nullptr) return;
  std::fputs("cgo_guard: std::terminate, under a guard. Signals are not guarded here, so it ends the process.\n",
             stderr);
  portable_error &slot = new_error();
  if (slot.shared) return;
  describe_terminate(slot, block != nullptr ? block->site : nullptr);
  recall_throw(slot);
#if CGO_GUARD_RECORDS_THROWS
  if (slot.error.frame_count == 0) set_frames(slot, here, walk.finish(), false);
#endif
  std::fputs(cgo_guard_describe(&slot.error), stderr);
}

/// Of two threads the second says nothing, nor does a translator that ends in here again.
[[noreturn]] inline void on_portable_terminate() noexcept {
  if (!portable_terminate_was_told.exchange(true)) {
    report_terminate(__builtin_extract_return_addr(__builtin_return_address(0)));
  }
  if (const std::terminate_handler before = portable_terminate_before.load()) before();
  std::abort();
}

/// By the first guard, on top of what main() may have set.
inline void have_terminate_told() noexcept {
  if (CGO_GUARD_LIKELY(portable_terminate_is_ours.load(std::memory_order_relaxed))) return;
  if (portable_terminate_is_ours.exchange(true)) return;
  const std::terminate_handler before = std::set_terminate(&on_portable_terminate);
  if (before != &on_portable_terminate) portable_terminate_before.store(before);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_TERMINATE_PORTABLE_HPP
