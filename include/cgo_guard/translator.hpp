// SPDX-License-Identifier: BSL-1.0
/// @file translator.hpp
/// What a library says about its own exception types, registered once:
///
///     static const cgo_guard::translator<inventory::error> translate_inventory(
///         [](const inventory::error &e, cgo_guard::translation &to) {
///           to.code(CGO_GUARD_USER + 3).number(e.shelf()).field("sku", e.sku());
///         });
///
/// The guard that gets such an exception runs it, and the error has what it said.
#ifndef CGO_GUARD_TRANSLATOR_HPP
#define CGO_GUARD_TRANSLATOR_HPP

#include <cstddef>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "contract.hpp"

CGO_GUARD_NAMESPACE_BEGIN
class translation;
namespace detail {
/// Copies what was said into an error. @return the malloc'ed block that the error refers to and has to own, or nullptr.
char *apply_translation(const translation &from, cgo_guard_error &error) noexcept;
}  // namespace detail
CGO_GUARD_NAMESPACE_END

extern "C" {
/// Part of the contract (contract.hpp). @param run calls `function` if the exception is of `type`. @return what to
/// remove, or NULL where there are too many.
CGO_GUARD_SHARED void *cgo_guard_v1_add_translator(bool (*run)(void (*function)(), const void *exception,
                                                               cgo_guard::translation &to),
                                                   void (*function)(), const std::type_info *type) noexcept;
/// When it returns, nobody runs that translator or will.
CGO_GUARD_SHARED void cgo_guard_v1_remove_translator(void *entry) noexcept;
}  // extern "C"

CGO_GUARD_NAMESPACE_BEGIN

/// Filled by a translator. What isn't set stays as the guard found it: name is the C++ type, message is what(). Nothing
/// here throws; where there is no memory the translation is dropped as a whole, and the message says so.
///
/// Texts are copied. They may hold any bytes (Go sees valid UTF-8, with \xNN for the others); a NUL byte in any of them
/// but the message is written as \0.
class CGO_GUARD_SHARED translation {
 public:
  /// A text argument: a string of any kind (whatever has data() and size()), or a char pointer, of which NULL is the
  /// empty text. It does not own the text.
  struct text {
    text(const char *s) noexcept : data(s != nullptr ? s : ""), size(__builtin_strlen(data)) {}
    template <class String, class = decltype(static_cast<const char *>(std::declval<const String &>().data())),
              class = decltype(std::declval<const String &>().size())>
    text(const String &s) noexcept : data(s.data()), size(s.size()) {}
    const char *data;
    std::size_t size;
  };

  translation() = default;
  ~translation();
  translation(const translation &) = delete;
  translation &operator=(const translation &) = delete;

  /// CGO_GUARD_USER or more: a kind of failure of your own, Error.Code in Go. Anything else is refused, and the message
  /// says so.
  translation &code(int value) noexcept {
    if (value == CGO_GUARD_EXCEPTION || value >= CGO_GUARD_USER) {
      code_ = value;
    } else {
      refused_code_ = value;
    }
    return *this;
  }
  /// What the failure is called, in place of the type's name.
  translation &name(text t) noexcept { return keep(name_, t, true); }
  translation &number(int value) noexcept {
    number_ = value;
    has_number_ = true;
    return *this;
  }
  /// What the number counts. "generic" and "system" make it an errno for errors.Is in Go.
  translation &category(text t) noexcept { return keep(category_, t, true); }
  translation &message(text t) noexcept { return keep(message_, t, false); }

  /// Adds a value, Error.Fields[key] in Go. Of two with the same key Go shows the last.
  translation &field(text key, text value) noexcept;
  template <class Number, std::enable_if_t<std::is_arithmetic_v<Number>, int> = 0>
  translation &field(text key, Number value) noexcept {
    if constexpr (std::is_same_v<Number, bool>) {
      return field(key, value ? "true" : "false");
    } else if constexpr (std::is_floating_point_v<Number>) {
      return add_floating(key, static_cast<double>(value));
    } else if constexpr (std::is_signed_v<Number>) {
      return add_signed(key, static_cast<long long>(value));
    } else {
      return add_unsigned(key, static_cast<unsigned long long>(value));
    }
  }

  /// Nothing of what was said counts. The error is what it would have been without a translator.
  translation &fail() noexcept {
    failed_ = true;
    return *this;
  }
  bool failed() const noexcept { return failed_; }

 private:
  friend char *detail::apply_translation(const translation &from, cgo_guard_error &error) noexcept;

  // Offsets into texts_, which moves as it grows.
  struct text_place {
    std::size_t at = 0, length = 0;
    bool is_set = false;
  };
  struct field_place {
    text_place key, value;
  };

  // The implementation's (detail/exception/translation.hpp).
  template <class Element>
  static bool grow(Element *&block, std::size_t &room, std::size_t needed) noexcept;
  translation &keep(text_place &place, text said, bool terminated_by_nul) noexcept;
  translation &add_floating(text key, double value) noexcept;
  translation &add_signed(text key, long long value) noexcept;
  translation &add_unsigned(text key, unsigned long long value) noexcept;

  int code_ = CGO_GUARD_EXCEPTION, refused_code_ = CGO_GUARD_EXCEPTION, number_ = 0;
  bool has_number_ = false, failed_ = false;
  text_place name_, category_, message_;
  char *texts_ = nullptr;
  std::size_t text_size_ = 0, text_room_ = 0;
  field_place *fields_ = nullptr;
  std::size_t field_count_ = 0, field_room_ = 0;
};

/// Registers a translator of exceptions of type T, and of types derived from it, for as long as this object lives. A
/// static of any file or plugin; also a local one. Where several fit, the one that was registered last is used.
///
/// The function runs where the guard ends, on its thread, after the destructors. What it throws or crashes with spoils
/// nothing: the error is then what it would have been, and its message says so.
template <class T>
class translator {
 public:
  using function = void (*)(const T &, translation &);

  /// @param f a function, or a lambda that captures nothing.
  explicit translator(function f) noexcept {
    static_assert(std::is_same_v<T, std::remove_cv_t<std::remove_reference_t<T>>> && !std::is_pointer_v<T>,
                  "cgo_guard::translator takes the type of the object that is thrown: no reference, const or pointer");
#if defined(__GXX_RTTI) || defined(__cpp_rtti)
    const std::type_info *const type = &typeid(T);
#else
    static_assert(!CGO_GUARD_HAS_SIGNALS || sizeof(T) == 0,
                  "cgo_guard::translator needs the type_info of the exception: compile this file without -fno-rtti");
    const std::type_info *const type = nullptr;
#endif
    entry_ = cgo_guard_v1_add_translator(&run, reinterpret_cast<void (*)()>(f), type);
  }
  ~translator() {
    if (entry_ != nullptr) cgo_guard_v1_remove_translator(entry_);
  }
  translator(const translator &) = delete;
  translator &operator=(const translator &) = delete;

 private:
  static bool run(void (*f)(), const void *exception, translation &to) {
#if CGO_GUARD_HAS_SIGNALS
    reinterpret_cast<function>(f)(*static_cast<const T *>(exception), to);
    return true;
#else
    // Inside a handler. What f throws must not be taken for the exception that it is about.
    static_cast<void>(exception);
    bool matched = false;
    try {
      throw;
    } catch (const T &e) {
      matched = true;
      try {
        reinterpret_cast<function>(f)(e, to);
      } catch (...) {
        to.fail();
      }
    } catch (...) {
    }
    return matched;
#endif
  }

  void *entry_;
};

CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_TRANSLATOR_HPP
