// SPDX-License-Identifier: BSL-1.0
/// @file terminate.hpp
/// std::terminate under a guard: says nothing on stderr, notes the exception in flight, and aborts into the handler.
#ifndef CGO_GUARD_TERMINATE_HPP
#define CGO_GUARD_TERMINATE_HPP

#include <cstdio>

#include "../exception/exception.hpp"
#include "../signal/handlers.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// The guard that would take a fault here and now.
[[gnu::noinline]] inline found_guard guard_from_here() noexcept {
  frame_cache cache;
  cursor position(registers_here(), false, cache);
  return find_guard(position, cache, [](const frame_facts &, const cursor &) noexcept {});
}

/// The record to note the reason of an imminent abort in, or nullptr where no guard will take it.
inline guard_record *begin_note(std::uintptr_t kind) noexcept {
  if (getpid() != process.process_id) return nullptr;
  const guard_frame guard = guard_from_here();
  if (!guard || (guard.state() & (state_failed | state_noted)) != 0) return nullptr;
  guard_record &record = guard.record();
  record.noted_name = record.noted_what = nullptr;
  record.note[0] = 0;
  guard.state() |= state_noted | kind;
  return &record;
}

[[noreturn]] inline void on_terminate() noexcept {
  const found_guard guard =
      getpid() == process.process_id ? guard_from_here() : found_guard{guard_frame(no_guard::anothers), false, {}};
  if (!guard) {
    if (process.saved_terminate != nullptr) process.saved_terminate();
    std::abort();
  }
  if ((guard.state() & state_failed) != 0) {
    // Destructors are running because of a fault, and one of them may not be left by an exception: clang's landing pad
    // for a noexcept function, a `catch (...)` that libstdc++ can't enter with a foreign exception while another is
    // being handled. What is left of that frame is lost, the frames above it are not.
    guard_record &record = guard.record();
    record.stacks.add(guard.stacks);
    ++record.skipped;
    continue_unwinding(record, true);
  }
  if ((guard.state() & state_noted) != 0) {
    guard.state() |= state_terminate;  // __cxa_pure_virtual has said more than we could
  } else if (guard_record *record = begin_note(state_terminate)) {
    const exception_view view = view_at_terminate(exception_in_flight(guard.cfa, guard.stacks));
    if (view) {
      record->noted_name = type_name(*view.type);
      record->noted_what = copy_of_what(view);
    }
  }
  std::abort();
}

inline void install_terminate_handler() noexcept {
  const std::terminate_handler old = std::set_terminate(&on_terminate);
  if (old != &on_terminate) process.saved_terminate = old;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_TERMINATE_HPP
