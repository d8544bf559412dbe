// SPDX-License-Identifier: BSL-1.0
/// @file exception.hpp
/// Reads any thrown object: its type, what it says, its number, and the exception nested in it. Uses neither typeid nor
/// try, so that it works in code compiled without RTTI or exceptions; what the object itself runs is contained.
#ifndef CGO_GUARD_EXCEPTION_HPP
#define CGO_GUARD_EXCEPTION_HPP

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <system_error>

#include "../fault/decode.hpp"
#include "contain.hpp"
#include "exception_objects.hpp"
#include "type_names.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// A malloc'ed string with its length; data may be nullptr where there is no memory.
struct owned_text {
  char *data = nullptr;
  std::size_t length = 0;
};

inline owned_text copy_text(const char *text, std::size_t length) noexcept {
  auto *const data = static_cast<char *>(std::malloc(length + 1));
  if (data == nullptr) return {};
  std::memcpy(data, text, length);
  data[length] = 0;
  return {data, length};
}
inline owned_text copy_text(const char *text) noexcept { return copy_text(text, std::strlen(text)); }

/// The part of the object that is a `target`, or nullptr: what a catch clause of that type would be given.
inline void *as(const exception_view &view, const std::type_info &target) noexcept {
  if (!view) return nullptr;
  void *object = view.object;
  return cxx::catches(&target, view.type, object) ? object : nullptr;
}

/// The same for a type of the standard library's that both libraries lay out alike, also where it is another runtime's.
inline void *as_standard(const exception_view &view, const std::type_info &target,
                         const cxx::standard_names &names) noexcept {
  void *found = as(view, target);
  if (!view) return nullptr;
  for (const char *const name : names) {
    if (found == nullptr) found = cxx::part_named(*view.type, view.object, name);
  }
  return found;
}

/// One line about something that failed inside the description of a failure.
inline owned_text say_what_went_wrong(const char *where, const contained &outcome) noexcept {
  char line[512];
  if (outcome.exception != nullptr) {
    const exception_view inner = view_of(*outcome.exception);
    char *const name = inner ? type_name(*inner.type) : nullptr;
    std::snprintf(line, sizeof line, "(%s threw %s)", where, name != nullptr ? name : "a foreign exception");
    std::free(name);
    end_exception(*outcome.exception);
  } else if (outcome.terminated_by != nullptr) {
    std::snprintf(line, sizeof line, "(%s threw %s, although it is noexcept)", where, outcome.terminated_by);
    std::free(outcome.terminated_by);
  } else if (outcome.fault.exited_by != nullptr) {
    std::snprintf(line, sizeof line, "(%s called %s(%d))", where, outcome.fault.exited_by, outcome.fault.exit_status);
  } else {
    char decoded[256];
    decode_fault(outcome.fault, 0, decoded, sizeof decoded);
    std::snprintf(line, sizeof line, "(%s crashed: %s, %s)", where, signal_name(outcome.signal), decoded);
  }
  return copy_text(line);
}

/// Objects that are not std::exceptions but speak for themselves. The names are those of the Itanium C++ ABI.
inline owned_text text_of_plain_value(const exception_view &view) noexcept {
  const char *const type = view.type->name();
  char line[64];
  const auto is = [type](const char *name) { return std::strcmp(type, name) == 0; };
  if (is("PKc") || is("Pc")) {
    // The object of a pointer exception is the pointer.
    const char *const text = *static_cast<const char *const *>(view.object);
    return text != nullptr ? copy_text(text) : copy_text("(a null char pointer)");
  }
  if (is(cxx::string_type_name)) {
    const auto &text = *static_cast<const std::string *>(view.object);
    return copy_text(text.data(), text.size());
  }
  if (is("b")) return copy_text(*static_cast<const bool *>(view.object) ? "true" : "false");
  if (is("c")) return copy_text(static_cast<const char *>(view.object), 1);
  if (is("i"))
    std::snprintf(line, sizeof line, "%d", *static_cast<const int *>(view.object));
  else if (is("j"))
    std::snprintf(line, sizeof line, "%u", *static_cast<const unsigned *>(view.object));
  else if (is("s"))
    std::snprintf(line, sizeof line, "%d", *static_cast<const short *>(view.object));
  else if (is("t"))
    std::snprintf(line, sizeof line, "%u", *static_cast<const unsigned short *>(view.object));
  else if (is("l") || is("x"))
    std::snprintf(line, sizeof line, "%ld", *static_cast<const long *>(view.object));
  else if (is("m") || is("y"))
    std::snprintf(line, sizeof line, "%lu", *static_cast<const unsigned long *>(view.object));
  else if (is("f"))
    std::snprintf(line, sizeof line, "%g", static_cast<double>(*static_cast<const float *>(view.object)));
  else if (is("d"))
    std::snprintf(line, sizeof line, "%g", *static_cast<const double *>(view.object));
  else
    return copy_text("(an object of this type carries no message)");
  return copy_text(line);
}

/// what(), or the nearest thing to it. Contained, because all of it is the user's code and the user's memory.
inline owned_text message_of(const exception_view &view) noexcept {
  if (!view) return copy_text("(an exception of another language)");
  owned_text text;
  bool is_exception = false;
  const contained outcome = contain([&] {
    if (const void *const object = as_standard(view, cxx::exception_type, cxx::names_of_exception)) {
      is_exception = true;
      const char *const what = static_cast<const std::exception *>(object)->what();
      text = what != nullptr ? copy_text(what) : copy_text("(what() returned NULL)");
    } else {
      text = text_of_plain_value(view);
    }
  });
  return outcome.ok ? text : say_what_went_wrong(is_exception ? "what()" : "reading the thrown object", outcome);
}

inline char *copy_of_what(const exception_view &view) noexcept { return message_of(view).data; }

struct error_number {
  int value = 0;
  const char *category = "";  ///< lives as long as the category, which is for ever
};

inline error_number number_of(const exception_view &view) noexcept {
  error_number result;
  const void *const object = as_standard(view, cxx::system_error_type, cxx::names_of_system_error);
  if (object == nullptr) return result;
  contain([&] {
    const std::error_code &code = static_cast<const std::system_error *>(object)->code();
    result.value = code.value();
    result.category = code.category().name();  // a virtual function of the user's
  });
  return result;
}

/// The exception that std::throw_with_nested put inside, or an empty view. It lives as long as the outer one.
inline exception_view nested_in(const exception_view &view) noexcept {
  const void *const object = as_standard(view, cxx::nested_exception_type, cxx::names_of_nested_exception);
  return object != nullptr ? view_of_object(cxx::object_nested_in(object)) : exception_view{};
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_EXCEPTION_HPP
