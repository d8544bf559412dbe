// SPDX-License-Identifier: BSL-1.0
/// @file describe_portable.hpp
/// What an exception says, where signals can't be guarded: read by catch clauses.
#ifndef CGO_GUARD_DESCRIBE_PORTABLE_HPP
#define CGO_GUARD_DESCRIBE_PORTABLE_HPP

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
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
#include "error_store_portable.hpp"

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

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_DESCRIBE_PORTABLE_HPP
