// SPDX-License-Identifier: BSL-1.0
/// @file guard_portable.hpp
/// The guard where signals can't be guarded (CGO_GUARD_HAS_SIGNALS is 0: macOS, other processors, libc++). The same
/// macros and the same C functions, with a catch clause in place of the trampoline: exceptions only, and without their
/// stacks.
///
/// A program has one of the two guards: both define the functions of abi.h, each for its own errors.
#ifndef CGO_GUARD_GUARD_PORTABLE_HPP
#define CGO_GUARD_GUARD_PORTABLE_HPP

#if !defined(__cpp_exceptions)
#error \
    "cgo_guard guards only exceptions on this platform, and this file is compiled without them: it would guard nothing"
#endif

#include <cerrno>
#include <exception>
#include <system_error>
#include <typeinfo>

#include <cxxabi.h>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__APPLE__)
#include <pthread.h>
#endif

#include "../../callback.hpp"
#include "../exception/translate.hpp"
#include "../stack/fold_names.hpp"
#include "error_portable.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

inline std::int32_t kernel_thread_id() noexcept {
#if defined(__linux__)
  return static_cast<std::int32_t>(syscall(SYS_gettid));
#elif defined(__APPLE__)
  std::uint64_t id = 0;
  pthread_threadid_np(nullptr, &id);
  return static_cast<std::int32_t>(id);
#else
  return 0;
#endif
}

inline void set_message(portable_error &slot, const char *text, std::size_t length) noexcept {
  auto *const copy = static_cast<char *>(std::malloc(length + 1));
  if (copy == nullptr) {
    slot.error.message = "(no memory for the message)";
    slot.error.message_length = std::strlen(slot.error.message);
    return;
  }
  std::memcpy(copy, text, length);
  copy[length] = 0;
  std::free(slot.owned_message);
  slot.owned_message = copy;
  slot.error.message = copy;
  slot.error.message_length = length;
}

inline void set_message(portable_error &slot, const char *text, const char *instead_of_null) noexcept {
  if (text == nullptr) text = instead_of_null;
  set_message(slot, text, std::strlen(text));
}

template <class Number>
void set_number(portable_error &slot, const char *format, Number value) noexcept {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  set_message(slot, text, std::strlen(text));
}

/// Only inside a handler. The demangled type of the exception; the error owns it.
inline void set_name(portable_error &slot) noexcept {
  const std::type_info *const type = abi::__cxa_current_exception_type();
  if (type == nullptr) {
    slot.error.name = "(foreign exception)";
    return;
  }
  int status = 0;
  slot.owned_name = abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
  if (slot.owned_name != nullptr) fold_name(slot.owned_name);
  slot.error.name = slot.owned_name != nullptr ? slot.owned_name : type->name();
  const std::size_t length = std::strlen(slot.error.name);
  slot.owned_types = static_cast<char *>(std::malloc(length + 2));
  if (slot.owned_types == nullptr) return;
  std::memcpy(slot.owned_types, slot.error.name, length);
  std::memcpy(slot.owned_types + length, "\n", 2);  // its bases are not known here
  slot.error.types = slot.owned_types;
}

/// Only inside a handler. What check() threw: a Go value is what the error is about, any other report its cause.
/// @return whether there is no more to be said.
inline bool describe_report(portable_error &slot) noexcept {
  try {
    throw;
  } catch (const error &e) {
    cgo_guard_error *const report = cgo_guard_retain(e.report());
    if (report->code != CGO_GUARD_GO) {
      slot.error.cause = report;
      return false;
    }
    slot.origin = report;
    slot.error.code = CGO_GUARD_GO;
    slot.error.go_panic = report->go_panic;
    slot.error.go_value = report->go_value;
    slot.error.name = report->name;
    slot.error.message = report->message;
    slot.error.message_length = report->message_length;
    return true;
  } catch (...) {
    return false;
  }
}

/// Only inside a handler. What the translator of the exception's type has to say.
inline void translate_current(portable_error &slot) noexcept {
  translation said;
  bool found = false;
  std::uint64_t before = ~std::uint64_t{0};
  while (translator_entry *const entry = found ? nullptr : translators.hold_next(before)) {
    found = entry->run(entry->function, nullptr, said);
    translator_table::release(*entry);
  }
  slot.owned_translation = apply_translation(said, slot.error);
  if (!said.failed()) return;
  const std::string plain(slot.error.message, slot.error.message_length);
  const std::string with_note = plain + " (its translator threw, or had no memory for what it said)";
  set_message(slot, with_note.data(), with_note.size());
}

/// A report on its way through C++ as an exception has said what happened, but not what that was called.
inline void say_what_was_carried(portable_error &slot) noexcept {
  const cgo_guard_error *const carried = slot.error.cause;
  if (carried == nullptr || carried->name[0] == 0 || std::strcmp(carried->name, "cgo_guard::error") == 0) return;
  if (std::strcmp(slot.error.message, carried->message) != 0) return;  // somebody's own words
  const std::string both = std::string(carried->name) + ": " + slot.error.message;
  set_message(slot, both.data(), both.size());
}

/// Only inside a handler: fills the error from the exception that is being handled. Rethrown and caught by type, which
/// needs no RTTI and no knowledge of the runtime's structures. The types are those the full guard reads
/// (exception.hpp).
inline void describe_current(portable_error &slot) noexcept {
  if (describe_report(slot)) return;
  set_name(slot);
  const char *const no_message = "(an object of this type carries no message)";
  try {
    throw;
  } catch (const std::system_error &e) {
    slot.error.number = e.code().value();
    slot.error.category = e.code().category().name();
    set_message(slot, e.what(), "(what() returned NULL)");
  } catch (const std::exception &e) {
    set_message(slot, e.what(), "(what() returned NULL)");
  } catch (const char *text) {
    set_message(slot, text, "(a null char pointer)");
  } catch (const std::string &text) {
    set_message(slot, text.data(), text.size());
  } catch (bool value) {
    set_message(slot, value ? "true" : "false", no_message);
  } catch (char value) {
    set_message(slot, &value, std::size_t{1});
  } catch (int value) {
    set_number(slot, "%d", value);
  } catch (unsigned value) {
    set_number(slot, "%u", value);
  } catch (short value) {
    set_number(slot, "%d", static_cast<int>(value));
  } catch (unsigned short value) {
    set_number(slot, "%u", static_cast<unsigned>(value));
  } catch (long value) {
    set_number(slot, "%ld", value);
  } catch (unsigned long value) {
    set_number(slot, "%lu", value);
  } catch (long long value) {
    set_number(slot, "%lld", value);
  } catch (unsigned long long value) {
    set_number(slot, "%llu", value);
  } catch (float value) {
    set_number(slot, "%g", static_cast<double>(value));
  } catch (double value) {
    set_number(slot, "%g", value);
  } catch (...) {
    set_message(slot, slot.owned_name != nullptr ? no_message : "(an exception of another language)", no_message);
  }
  say_what_was_carried(slot);
  translate_current(slot);
}

/// Only inside a handler. What std::throw_with_nested put into the exception that is being handled, or nullptr.
inline std::exception_ptr nested_in_current() noexcept {
  try {
    throw;
  } catch (const std::nested_exception &e) {
    return e.nested_ptr();
  } catch (...) {
    return nullptr;
  }
}

/// Only inside a handler. One error for each exception nested in the one that is being handled.
inline cgo_guard_error *describe_causes() noexcept {
  cgo_guard_error *first = nullptr;
  cgo_guard_error **link = &first;
  std::exception_ptr next = nested_in_current();
  for (int depth = 0; next != nullptr && depth < 256; ++depth) {
    portable_error &slot = new_error();
    *link = &slot.error;
    if (slot.shared) break;
    link = &slot.error.cause;
    try {
      std::rethrow_exception(next);
    } catch (...) {
      describe_current(slot);
      if (slot.error.cause != nullptr) break;  // a report goes on by itself
      next = nested_in_current();
    }
  }
  return first;
}

/// Only inside a handler. errno is 0 afterwards, so that cgo's two-result form doesn't report a leftover beside our
/// error.
[[gnu::cold, gnu::noinline, gnu::returns_nonnull]] inline cgo_guard_error *fail_with_current() noexcept {
  portable_count.exceptions.fetch_add(1, std::memory_order_relaxed);
  portable_error &slot = new_error();
  if (!slot.shared) {
    cgo_guard_error &e = slot.error;
    e.thread_id = kernel_thread_id();
    describe_current(slot);
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
  slot.owned_name = strndup(type, type_length);
  slot.error.name = slot.owned_name != nullptr ? slot.owned_name : "";
  set_message(slot, message, message_length);
  error_store.count(slot);
  return &slot.error;
}

extern "C" __attribute__((used)) inline cgo_guard_error *cgo_guard_v1_run(void (*thunk)(void *), void *body) {
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
