// SPDX-License-Identifier: BSL-1.0
/// @file translate.hpp
/// The translators that are registered (translator.hpp), and what one says of an exception. Both guards, this and the
/// portable one.
#ifndef CGO_GUARD_TRANSLATE_HPP
#define CGO_GUARD_TRANSLATE_HPP

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string_view>
#include <type_traits>
#include <typeinfo>

#include <sched.h>

#include "translation.hpp"

#if CGO_GUARD_HAS_SIGNALS
#include "exception.hpp"
#endif

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// One registration. A reader holds it while it uses it; whoever removes it waits for that.
struct translator_entry {
  /// The order of registration, or one of the two below. Never used twice, so that a reader can tell that what it holds
  /// is still what it looked at.
  std::atomic<std::uint64_t> sequence{free};
  std::atomic<std::uint32_t> readers{0};
  /// Runs the translator if the exception is of its type. @return whether it was.
  bool (*run)(void (*function)(), const void *exception, translation &to) = nullptr;
  void (*function)() = nullptr;
  const std::type_info *type = nullptr;  ///< nullptr where there is no RTTI

  static constexpr std::uint64_t free = 0, busy = 1;
};

/// All of them. Constant-initialised and never destroyed: translators are registered and removed by statics of any
/// file.
class translator_table {
 public:
  static constexpr int size = 64;  // a library has one to three, and every throw looks at each

  /// @return nullptr where the table is full.
  translator_entry *add(bool (*run)(void (*)(), const void *, translation &), void (*function)(),
                        const std::type_info *type) noexcept {
    for (int i = 0; i < size; ++i) {
      translator_entry &entry = entries_[i];
      std::uint64_t expected = translator_entry::free;
      if (!entry.sequence.compare_exchange_strong(expected, translator_entry::busy)) continue;
      entry.run = run;
      entry.function = function;
      entry.type = type;
      int used = used_.load();
      while (used <= i && !used_.compare_exchange_weak(used, i + 1)) {
      }
      entry.sequence.store(translator_entry::busy + 1 + count_.fetch_add(1));
      return &entry;
    }
    return nullptr;
  }

  /// When it returns, nobody runs this translator or will: its code may be unloaded.
  void remove(translator_entry &entry) noexcept {
    entry.sequence.store(translator_entry::busy);
    // A translator that ends the process waits here for itself, in the destructors of the statics. Hence no longer than
    // two seconds; the place is lost then.
    timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    while (entry.readers.load() != 0) {
      clock_gettime(CLOCK_MONOTONIC, &now);
      if (now.tv_sec - start.tv_sec > 1) return;  // in whole seconds: one to two
      sched_yield();
    }
    entry.sequence.store(translator_entry::free);
  }

  /// The newest translator that was registered before `before`, held until release(). Waits for nobody.
  /// @return nullptr where there is none.
  translator_entry *hold_next(std::uint64_t &before) noexcept {
    for (;;) {
      translator_entry *newest = nullptr;
      std::uint64_t newest_sequence = translator_entry::busy;
      for (int i = 0, used = used_.load(std::memory_order_acquire); i < used; ++i) {
        const std::uint64_t sequence = entries_[i].sequence.load();
        if (sequence > newest_sequence && sequence < before) {
          newest = &entries_[i];
          newest_sequence = sequence;
        }
      }
      if (newest == nullptr) return nullptr;
      newest->readers.fetch_add(1);
      if (newest->sequence.load() == newest_sequence) {
        before = newest_sequence;
        return newest;
      }
      release(*newest);
    }
  }

  static void release(translator_entry &entry) noexcept { entry.readers.fetch_sub(1); }

 private:
  translator_entry entries_[size];
  std::atomic<int> used_{0};
  std::atomic<std::uint64_t> count_{0};
};

// Visible also under -fvisibility=hidden: a plugin's translators are for the guards of the program too.
CGO_GUARD_CONSTINIT inline __attribute__((visibility("default"))) translator_table translators;

[[gnu::cold, gnu::noinline]] inline void report_ignored_translator(const std::type_info *type) noexcept {
  std::fprintf(stderr, "cgo_guard: the translator of %s is ignored: %d are registered, and there is room for no more\n",
               type != nullptr ? type->name() : "a type", translator_table::size);
}

}  // namespace detail

CGO_GUARD_NAMESPACE_END

extern "C" __attribute__((used)) inline void *cgo_guard_v1_add_translator(bool (*run)(void (*)(), const void *,
                                                                                      cgo_guard::translation &),
                                                                          void (*function)(),
                                                                          const std::type_info *type) noexcept {
  using namespace cgo_guard::detail;
  translator_entry *const entry = translators.add(run, function, type);
  if (entry == nullptr) report_ignored_translator(type);
  return entry;
}

extern "C" __attribute__((used)) inline void cgo_guard_v1_remove_translator(void *entry) noexcept {
  using namespace cgo_guard::detail;
  translators.remove(*static_cast<translator_entry *>(entry));
}

CGO_GUARD_NAMESPACE_BEGIN

#if CGO_GUARD_HAS_SIGNALS
namespace detail {

/// The types of the standard library that hold more than exception.hpp reads. Nobody has registered these.
inline void translate_standard(const exception_view &view, translation &to) noexcept {
  const void *object = nullptr;
  if (&cxx::filesystem_error_type != nullptr && (object = as(view, cxx::filesystem_error_type)) != nullptr) {
    to.field("path1", cxx::path1_of(object));
    if (!cxx::path2_of(object).empty()) to.field("path2", cxx::path2_of(object));
  } else if (&cxx::future_error_type != nullptr && (object = as(view, cxx::future_error_type)) != nullptr) {
    const std::error_code &code = cxx::code_of_future_error(object);
    to.number(code.value()).category(code.category().name());
  }
}

/// Finds and runs the translator of an exception.
/// @return what went wrong, for the message; without data where nothing did.
inline owned_text translate(const exception_view &view, translation &to) noexcept {
  std::uint64_t before = ~std::uint64_t{0};
  while (translator_entry *const entry = translators.hold_next(before)) {
    const void *const object = as(view, *entry->type);
    if (object == nullptr) {
      translator_table::release(*entry);
      continue;
    }
    const contained outcome = contain([&] { entry->run(entry->function, object, to); });
    owned_text complaint;
    if (!outcome.ok) {
      to.fail();
      char *const name = heap_is_poisoned() ? nullptr : type_name(*entry->type);
      char where[256];
      std::snprintf(where, sizeof where, "the translator of %s", name != nullptr ? name : entry->type->name());
      std::free(name);
      complaint = say_what_went_wrong(where, outcome);
    }
    translator_table::release(*entry);
    return complaint;
  }
  contain([&] { translate_standard(view, to); });
  return {};
}

}  // namespace detail
#endif  // CGO_GUARD_HAS_SIGNALS

CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_TRANSLATE_HPP
