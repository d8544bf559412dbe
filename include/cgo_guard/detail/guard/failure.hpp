// SPDX-License-Identifier: BSL-1.0
/// @file failure.hpp
/// Turns what a guard's record holds into the error that its caller gets. Ordinary context, in the frame of the
/// trampoline, which is no guard any more.
#ifndef CGO_GUARD_FAILURE_HPP
#define CGO_GUARD_FAILURE_HPP

#include <cerrno>
#include <cstdio>
#include <typeinfo>

#include <sys/syscall.h>
#include <unistd.h>

#include "../../callback.hpp"
#include "../exception/base_types.hpp"
#include "../exception/exception.hpp"
#include "../exception/translate.hpp"
#include "../fault/trapping_arithmetic.hpp"
#include "../runtime/held_cancellation.hpp"
#include "lifetime.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

inline error_slot *take_slot(int code, int number) noexcept {
  error_slot *const slot = pool.take();
  if (slot == nullptr) return poorer_error(code, number);
  reset(*slot, code);
  slot->error.number = number;
  return slot;
}

inline void set_thread(error_slot &slot) noexcept {
  slot.error.thread_id = static_cast<std::int32_t>(syscall(SYS_gettid));
}

/// Where the guard stands, which only its caller knows.
inline void set_site(error_slot &slot, const char *function, const char *file, int line) noexcept {
  slot.error.function = function;
  slot.error.file = file;
  slot.error.line = line;
  note_site(slot, function, file, line);
}

inline void set_frames(error_slot &slot, guard_record &record) noexcept {
  if (record.modules == not_noted) note_modules(record);
  const std::uint64_t kept = frames_kept(record.total);
  std::memcpy(slot.frames, record.frames, kept * sizeof(void *));
  slot.error.frame_count = kept;
  slot.error.frames_omitted = frames_missing(record.total);
  slot.error.modules = record.modules;
  slot.error.frames_head = static_cast<std::uint32_t>(slot.error.frames_omitted != 0 ? head_frames : kept);
}

/// Makes the thunk that was instantiated for the guarded block the last frame, if it isn't: a block that ends in a call
/// leaves none, and the stack would not tell which guard it stands under (guarded_blocks.hpp).
inline void name_the_block(guard_record &record, void (*thunk)(void *)) noexcept {
  const auto begin = reinterpret_cast<std::uintptr_t>(thunk);
  std::uint64_t kept = frames_kept(record.total);
  if (kept != 0) {
    const auto outermost = reinterpret_cast<std::uintptr_t>(record.frames[kept - 1]);
    frame_description last;
    if (const frame_facts *facts = lasting.find(outermost)) {  // the walk has just been there
      last.begin = facts->begin;
    } else if (!find_frame_description(outermost, last)) {
      last.begin = 0;
    }
    if (last.begin == begin) return;
  }
  if (kept == max_frames) {
    std::memmove(record.frames + head_frames, record.frames + head_frames + 1, (tail_frames - 1) * sizeof(void *));
    --kept;
  }
  record.frames[kept] = reinterpret_cast<const void *>(begin);
  ++record.total;
}

/// A malloc'ed text of any length becomes the error's message.
inline void set_message(error_slot &slot, const owned_text &text) noexcept {
  slot.own(text.data);
  slot.error.message = text.data != nullptr ? text.data : "(no memory for the message)";
  slot.error.message_length = text.data != nullptr ? text.length : std::strlen(slot.error.message);
}

/// The text already in slot.message becomes the error's message.
inline void set_message_in_place(error_slot &slot) noexcept {
  slot.error.message = slot.message;
  slot.error.message_length = std::strlen(slot.message);
}

#if defined(__GXX_RTTI) || defined(__cpp_rtti)
inline const std::type_info *report_exception_type() noexcept { return &typeid(error); }
#else
// Weak, because it exists where something throws it.
extern const std::type_info type_of_reports __asm__("_ZTIN9cgo_guard4abi15errorE") __attribute__((weak));
inline const std::type_info *report_exception_type() noexcept { return &type_of_reports; }
#endif

/// The report that a thrown cgo_guard::error carries, or nullptr for any other exception.
inline cgo_guard_error *carried_report(const exception_view &view) noexcept {
  const void *object = nullptr;
  if (const std::type_info *const type = report_exception_type()) {
    object = as(view, *type);
  } else if (view && std::strncmp(view.type->name(), "N9cgo_guard4abi1", 16) == 0) {
    object = view.object;  // of another module that hides its type_info: error or go_error
  }
  return object != nullptr ? static_cast<const error *>(object)->report() : nullptr;
}

/// What a callback reported: the error is about the Go value, and so are its name and its message.
inline void describe_go_value(error_slot &slot, cgo_guard_error &origin) noexcept {
  retain_error(origin);
  slot.origin = &origin;
  slot.error.code = origin.code;
  slot.error.go_panic = origin.go_panic;
  slot.error.name = origin.name;
  slot.error.message = origin.message;
  slot.error.message_length = origin.message_length;
  slot.error.go_value = origin.go_value;
}

/// What the translator of the exception's type has to say. Afterwards, because it may leave any of it as it was.
inline void translate_exception(error_slot &slot, const exception_view &view) noexcept {
  translation said;
  owned_text complaint = translate(view, said);
  if (complaint.data == nullptr && said.failed()) complaint = copy_text("(there was no memory for its translation)");
  if (complaint.data == nullptr) {
    slot.own(apply_translation(said, slot.error));
    return;
  }
  slot.own(complaint.data);
  if (heap_is_poisoned()) return;
  const std::size_t length = static_cast<std::size_t>(slot.error.message_length);
  auto *const both = static_cast<char *>(std::malloc(length + complaint.length + 2));
  if (both == nullptr) return;
  std::memcpy(both, slot.error.message, length);
  both[length] = ' ';
  std::memcpy(both + length + 1, complaint.data, complaint.length + 1);
  set_message(slot, {both, length + 1 + complaint.length});
}

/// A report on its way through C++ as an exception has said what happened, but not what that was called.
inline void say_what_was_carried(error_slot &slot, const cgo_guard_error &carried) noexcept {
  if (carried.name[0] == 0 || std::strcmp(carried.name, "cgo_guard::error") == 0) return;   // which has said it itself
  if (std::strcmp(slot.error.message, carried.message) != 0 || heap_is_poisoned()) return;  // somebody's own words
  const std::size_t name = std::strlen(carried.name), length = static_cast<std::size_t>(slot.error.message_length);
  auto *const both = static_cast<char *>(std::malloc(name + length + 3));
  if (both == nullptr) return;
  std::memcpy(both, carried.name, name);
  std::memcpy(both + name, ": ", 2);
  std::memcpy(both + name + 2, slot.error.message, length + 1);
  set_message(slot, {both, name + 2 + length});
}

/// What a catch clause could name for the exception.
inline void set_types(error_slot &slot, const exception_view &view) noexcept {
  if (!view || heap_is_poisoned()) return;
  const char *names = catch_names.find(*view.type, [&](const std::type_info &) { return names_of_types(view); });
  if (names == nullptr) {
    char *const own = names_of_types(view);
    slot.own(own);
    names = own;
  }
  if (names != nullptr) slot.error.types = names;
}

inline void describe_exception(error_slot &slot, const exception_view &view) noexcept {
  cgo_guard_error *const carried = carried_report(view);
  if (carried != nullptr && carried->code == CGO_GUARD_GO) {
    describe_go_value(slot, *carried);
    return;
  }
  if (carried != nullptr) {
    retain_error(*carried);
    slot.error.cause = carried;
  }
  const char *name = carried != nullptr ? "cgo_guard::error"
                     : view             ? type_names.find(*view.type, &type_name)
                                        : "(foreign exception)";
  if (name == nullptr) {
    char *const own = type_name(*view.type);
    slot.own(own);
    name = own != nullptr ? own : view.type->name();
  }
  slot.error.name = name;
  set_message(slot, message_of(view));
  if (carried != nullptr) say_what_was_carried(slot, *carried);
  set_types(slot, view);
  const error_number number = number_of(view);
  slot.error.number = number.value;
  slot.error.category = number.category;
  if (carried == nullptr) translate_exception(slot, view);
}

/// One error for each exception nested in the first. They have no stacks: nobody saw where they were thrown.
inline cgo_guard_error *describe_causes(const exception_view &outermost) noexcept {
  cgo_guard_error *first = nullptr;
  cgo_guard_error **link = &first;
  exception_view view = nested_in(outermost);
  for (int depth = 0; view && depth < 256; ++depth, view = nested_in(view)) {
    error_slot *const slot = take_slot(CGO_GUARD_EXCEPTION, 0);
    *link = &slot->error;
    if (slot->shared) break;
    describe_exception(*slot, view);
    if (slot->error.cause != nullptr) break;  // a report goes on by itself
    link = &slot->error.cause;
  }
  return first;
}

inline cgo_guard_error *fail_with_exception(guard_record &record, _Unwind_Exception &exception) noexcept {
  // A signal handler that throws into the code which it has interrupted: nobody knew that anything could be thrown
  // there.
  if (record.left.handlers != 0) give_back(record.left.state);
  const std::uint64_t skipped = static_cast<std::uint64_t>(record.left.handlers) + (record.through_loader ? 1 : 0);
  const int cleanup = skipped != 0 ? CGO_GUARD_CLEANUP_PARTIAL : CGO_GUARD_CLEANUP_COMPLETE;
  process.count.exceptions.fetch_add(1, std::memory_order_relaxed);
  process.count.cleanup[cleanup].fetch_add(1, std::memory_order_relaxed);
  error_slot *const slot = take_slot(CGO_GUARD_EXCEPTION, 0);
  if (!slot->shared) {
    set_thread(*slot);
    set_frames(*slot, record);
    slot->error.cleanup = cleanup;
    slot->error.skipped = skipped;
    const exception_view view = view_of(exception);
    describe_exception(*slot, view);
    if (slot->error.cause == nullptr) slot->error.cause = describe_causes(view);
  }
  end_exception(exception);
  return &slot->error;
}

/// Name and message of a std::terminate: those of the exception in flight, as its handler noted them, or as they are
/// still to be had where somebody else's handler ran.
inline void describe_terminate(error_slot &slot, guard_record &record) noexcept {
  if ((record.state & state_noted) == 0) {
    const exception_view view = view_at_terminate(record.thrown);
    record.noted_name = view ? type_name(*view.type) : nullptr;
    record.noted_what = view ? copy_of_what(view) : nullptr;
  }
  slot.own(record.noted_name);
  slot.error.name = record.noted_name != nullptr ? record.noted_name : "";
  if (record.noted_what != nullptr) {
    set_message(slot, {record.noted_what, std::strlen(record.noted_what)});
  } else {
    std::snprintf(slot.message, sizeof slot.message, "%s",
                  record.note[0] != 0 ? record.note : "called with no exception in flight");
    set_message_in_place(slot);
  }
}

inline void describe_signal(error_slot &slot, guard_record &record) noexcept {
  slot.error.name = signal_name(record.fault.signal);
  if (record.note[0] != 0) {
    std::snprintf(slot.message, sizeof slot.message, "%s", record.note);
    for (std::size_t n = std::strlen(slot.message); n > 0 && slot.message[n - 1] == '\n'; --n) slot.message[n - 1] = 0;
  } else if (record.fault.signal == SIGABRT && record.total != 0 && is_trapping_arithmetic(record.frames[0])) {
    std::snprintf(slot.message, sizeof slot.message, "signed integer overflow (-ftrapv)");
  } else {
    decode_fault(record.fault, record.total, slot.message, sizeof slot.message);
  }
  set_message_in_place(slot);
}

/// Says in the message what the cleanup state alone doesn't.
inline void append_second_fault(error_slot &slot, int signal) noexcept {
  if (slot.error.message != slot.message) return;
  const std::size_t length = std::strlen(slot.message);
  std::snprintf(slot.message + length, sizeof slot.message - length,
                " (then %s in a destructor while cleaning up; the rest of the cleanup was abandoned)",
                signal_name(signal));
  set_message_in_place(slot);
}

/// What the cleanup state alone doesn't tell either. An exception's message stays what it said.
inline void append_loader_lock(error_slot &slot) noexcept {
  if (slot.error.message != slot.message) return;
  const std::size_t length = std::strlen(slot.message);
  std::snprintf(slot.message + length, sizeof slot.message - length, " (inside dlopen or dlclose: %s)",
                loader_lock_sentence);
  set_message_in_place(slot);
}

/// Before anything asks the loader which modules the frames are in.
inline void notice_loader(guard_record &record) noexcept {
  record.through_loader = any_is_loaders(record.frames, frames_kept(record.total));
  if (!record.through_loader) return;
  ++record.skipped;
  loader_lock_left.store(true, std::memory_order_relaxed);
}

inline int cleanup_of(const guard_record &record) noexcept {
  if (record.fault.in_allocator || !record.fault.walked) return CGO_GUARD_CLEANUP_NONE;
  return record.skipped != 0 || record.second_signal != 0 ? CGO_GUARD_CLEANUP_PARTIAL : CGO_GUARD_CLEANUP_COMPLETE;
}

/// What exit.hpp took. In a function of its own, so that a fault's is not longer for it.
inline cgo_guard_error *fail_with_exit(guard_record &record) noexcept {
  process.count.exits.fetch_add(1, std::memory_order_relaxed);
  process.count.cleanup[cleanup_of(record)].fetch_add(1, std::memory_order_relaxed);
  error_slot *const slot = take_slot(CGO_GUARD_EXIT, record.fault.exit_status);
  if (!slot->shared) {
    set_thread(*slot);
    set_frames(*slot, record);
    slot->error.name = "exit";
    slot->error.cleanup = cleanup_of(record);
    slot->error.skipped = record.skipped;
    if (record.note[0] != 0) {
      std::snprintf(slot->message, sizeof slot->message, "%s", record.note);
    } else {
      std::snprintf(slot->message, sizeof slot->message, "%s(%d) was called", record.fault.exited_by,
                    record.fault.exit_status);
    }
    set_message_in_place(*slot);
    if (record.second_signal != 0) append_second_fault(*slot, record.second_signal);
    if (record.through_loader) append_loader_lock(*slot);
  }
  restore_exception_state(record);
  if (record.stray != nullptr) end_exception(*record.stray);
  return &slot->error;
}

inline cgo_guard_error *fail_with_fault(guard_record &record) noexcept {
  notice_loader(record);
  if (record.fault.exited_by != nullptr) return fail_with_exit(record);
  const fault_facts &fault = record.fault;
  const bool terminated = (record.state & state_terminate) != 0 || fault.through_terminate;
  (terminated ? process.count.terminates : process.count.signals).fetch_add(1, std::memory_order_relaxed);
  const int cleanup = cleanup_of(record);
  process.count.cleanup[cleanup].fetch_add(1, std::memory_order_relaxed);

  error_slot *const slot =
      take_slot(terminated ? CGO_GUARD_TERMINATE : CGO_GUARD_SIGNAL, terminated ? 0 : fault.signal);
  if (!slot->shared) {
    set_thread(*slot);
    set_frames(*slot, record);
    cgo_guard_error &e = slot->error;
    e.signal_code = fault.code;
    e.address = fault.address;
    e.access = fault.access;
    e.cleanup = cleanup;
    e.skipped = record.skipped;
    if (record.core_file != nullptr) e.core_file = record.core_file;
    if (terminated && !fault.in_allocator) {
      describe_terminate(*slot, record);
    } else {
      describe_signal(*slot, record);
    }
    if (record.second_signal != 0) append_second_fault(*slot, record.second_signal);
    if (record.through_loader) append_loader_lock(*slot);
  }
  slot->poisons = fault.in_allocator && !slot->shared;
  restore_exception_state(record);
  if (record.stray != nullptr && !fault.in_allocator) end_exception(*record.stray);
  return &slot->error;
}

/// What later guards say when they refuse to run. Not even free() from here on: the thread may hold the arena's lock.
inline void remember_poison(const error_slot &slot) noexcept {
  const cgo_guard_error &e = slot.error;
  if (char *const text = process.poison.begin()) {
    std::snprintf(text, process.poison.size, "%s in the allocator under %s (%s:%d): %s", e.name, e.function, e.file,
                  e.line, e.message);
    process.poison.finish();
  }
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

/// The taker of the guards in users' files. Both doors end here. errno is 0 afterwards, so that cgo's two-result form
/// doesn't report a leftover beside our error. Not cold, for then GCC compiles all that it makes of a failure for size.
extern "C" __attribute__((used, visibility("hidden"))) inline void *cgo_guard_v1_fail(
    void *where, void *outcome, void (*thunk)(void *), const cgo_guard::detail::arch::failure_taker *) noexcept {
  using namespace cgo_guard::detail;
  const held_cancellation held;
  auto &record = *static_cast<guard_record *>(where);
  name_the_block(record, thunk);
  cgo_guard_error *const error = outcome == &record
                                     ? fail_with_fault(record)
                                     : fail_with_exception(record, *static_cast<_Unwind_Exception *>(outcome));
  errno = 0;
  return error;
}

extern "C" __attribute__((used)) inline cgo_guard_error *cgo_guard_v1_failed_at(cgo_guard_error *error,
                                                                                const char *function, const char *file,
                                                                                int line) noexcept {
  using namespace cgo_guard::detail;
  error_slot &slot = slot_of(*error);
  if (slot.shared) return error;
  set_site(slot, function, file, line);
  if (slot.poisons) remember_poison(slot);
  return error;
}

#endif  // CGO_GUARD_FAILURE_HPP
