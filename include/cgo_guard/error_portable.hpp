// SPDX-License-Identifier: BSL-1.0
/// @file error_portable.hpp
/// Errors where signals can't be guarded: their memory, and the C functions of abi.h on them.
#ifndef CGO_GUARD_ERROR_PORTABLE_HPP
#define CGO_GUARD_ERROR_PORTABLE_HPP

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "abi.h"
#include "config.hpp"
#include "decorate.hpp"
#include "live_sites.hpp"
#include "translation.hpp"

extern "C" void cgo_guard_free(cgo_guard_error *error);
extern "C" const char *cgo_guard_describe(cgo_guard_error *error);

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

constexpr const char *no_stack = "(the C++ stack of an exception is not captured on this platform)\n";

/// An error with the memory it refers to.
struct portable_error {
  cgo_guard_error error;  // first: a pointer to one is a pointer to the other
  std::atomic<std::uint32_t> owners;
  bool shared;              ///< the static stand-in: nothing to release
  cgo_guard_error *origin;  ///< the callback's error that this one speaks for, or nullptr; owned
  char *owned_name;
  char *owned_types;
  char *owned_message;
  char *owned_translation;
  char *described;  ///< cached by cgo_guard_describe
  portable_error *next_free;
  portable_error *previous_counted, *next_counted;
  bool counted;  ///< by count()
};

struct portable_counters {
  std::atomic<std::uint64_t> exceptions{0}, live{0}, exhausted{0}, double_frees{0}, undelivered{0}, thread_errors{0};
};
inline portable_counters portable_count;

/// The magic of an error that was released: "cggfreed" in memory.
constexpr std::uint64_t freed_magic = 0x6465657266676763;

/// Errors come from calloc and are used again, but never go back to the heap: to recognise a second free, its magic has
/// to be readable then. First in, first out and only from a longer queue, so that it stays readable for a while.
class portable_errors {
 public:
  /// @return nullptr without memory.
  portable_error *take() noexcept {
    {
      const lock held(*this);
      if (waiting_ > resting) {
        portable_error *const first = first_;
        first_ = first->next_free;
        --waiting_;
        return first;
      }
    }
    return static_cast<portable_error *>(std::calloc(1, sizeof(portable_error)));
  }

  /// Keeps the Go value of an error that was released, until take_go_values. See lifetime.hpp for the reason.
  void keep_go_value(portable_error &error) noexcept {
    const lock held(*this);
    error.next_free = go_values_;
    go_values_ = &error;
    pending_.store(1, std::memory_order_release);
  }

  std::uint64_t take_go_values(std::uint64_t *out, std::uint64_t max) noexcept {
    std::uint64_t count = 0;
    for (; count < max; ++count) {
      portable_error *released;
      {
        const lock held(*this);
        released = go_values_;
        if (released == nullptr) pending_.store(0, std::memory_order_release);
        if (released == nullptr) break;
        go_values_ = released->next_free;
      }
      out[count] = released->error.go_value;
      give_back(*released);
    }
    return count;
  }

  const std::uint32_t *pending() const noexcept { return reinterpret_cast<const std::uint32_t *>(&pending_); }

  /// From here to give_back the error is one of those that are counted by their sites. Once it has one.
  void count(portable_error &error) noexcept {
    const lock held(*this);
    error.counted = true;
    error.previous_counted = nullptr;
    error.next_counted = counted_;
    if (counted_ != nullptr) counted_->previous_counted = &error;
    counted_ = &error;
  }

  std::uint64_t count_live_sites(cgo_guard_live_site *out, std::uint64_t max) noexcept {
    const lock held(*this);
    live_site_counter counter(out, max);
    for (const portable_error *at = counted_; at != nullptr; at = at->next_counted) {
      const cgo_guard_error &e = at->error;
      if (__atomic_load_n(&e.magic, __ATOMIC_ACQUIRE) != CGO_GUARD_MAGIC) continue;
      counter.add(e.function[0] != 0 ? e.function : callback_site, e.file, e.line);
    }
    return counter.finish();
  }

  void give_back(portable_error &error) noexcept {
    const lock held(*this);
    if (error.counted) {
      (error.previous_counted != nullptr ? error.previous_counted->next_counted : counted_) = error.next_counted;
      if (error.next_counted != nullptr) error.next_counted->previous_counted = error.previous_counted;
    }
    error.next_free = nullptr;
    (waiting_ == 0 ? first_ : last_->next_free) = &error;
    last_ = &error;
    ++waiting_;
  }

 private:
  static constexpr std::size_t resting = 64;

  /// Not a std::mutex: errors are released during the destruction of statics too, and libc++'s mutexes are destroyed
  /// then.
  class lock {
   public:
    explicit lock(portable_errors &owner) noexcept : owner_(owner) {
      while (owner_.busy_.exchange(true, std::memory_order_acquire)) std::this_thread::yield();
    }
    ~lock() { owner_.busy_.store(false, std::memory_order_release); }
    lock(const lock &) = delete;
    lock &operator=(const lock &) = delete;

   private:
    portable_errors &owner_;
  };

  std::atomic<bool> busy_{false};
  portable_error *first_ = nullptr, *last_ = nullptr, *go_values_ = nullptr, *counted_ = nullptr;
  std::atomic<std::uint32_t> pending_{0};
  std::size_t waiting_ = 0;
};
inline portable_errors error_store;

inline void reset(portable_error &slot) noexcept {
  std::memset(static_cast<void *>(&slot), 0, sizeof slot);
  cgo_guard_error &e = slot.error;
  e.abi_version = CGO_GUARD_ABI_VERSION;
  e.struct_size = sizeof e;
  e.release = &cgo_guard_free;
  slot.owners.store(1, std::memory_order_relaxed);
  e.code = CGO_GUARD_EXCEPTION;
  // The C++ runtime has run what there was to run; where it can't, it calls std::terminate and there is no error.
  e.cleanup = CGO_GUARD_CLEANUP_COMPLETE;
  e.name = e.message = e.category = e.function = e.file = e.types = e.core_file = "";
  __atomic_store_n(&e.magic, CGO_GUARD_MAGIC, __ATOMIC_RELEASE);
}

/// The stand-in for when there is no memory for an error: an error is never NULL.
inline portable_error &poorer_error() noexcept {
  static portable_error *const stand_in = []() noexcept {
    static portable_error storage;
    reset(storage);
    storage.shared = true;
    storage.error.cleanup = CGO_GUARD_CLEANUP_UNKNOWN;
    storage.error.message = "no details: there was no memory for this error";
    storage.error.message_length = std::strlen(storage.error.message);
    return &storage;
  }();
  portable_count.exhausted.fetch_add(1, std::memory_order_relaxed);
  return *stand_in;
}

inline portable_error &new_error() noexcept {
  portable_error *const slot = error_store.take();
  if (slot == nullptr) return poorer_error();
  reset(*slot);
  portable_count.live.fetch_add(1, std::memory_order_relaxed);
  return *slot;
}

inline portable_error &slot_of(cgo_guard_error &error) noexcept { return reinterpret_cast<portable_error &>(error); }

inline bool is_live(const cgo_guard_error &error) noexcept {
  return __atomic_load_n(&error.magic, __ATOMIC_ACQUIRE) == CGO_GUARD_MAGIC;
}

inline void report_misuse(const char *function, const void *pointer, const char *what) noexcept {
  std::fprintf(stderr, "cgo_guard: %s(%p): %s\n", function, pointer, what);
}

inline void report_undelivered(cgo_guard_error *error) noexcept {
  portable_count.undelivered.fetch_add(1, std::memory_order_relaxed);
  std::fprintf(stderr, "cgo_guard: CGO_GUARD_VALUE was given a NULL error pointer, and failed:\n%s",
               cgo_guard_describe(error));
  cgo_guard_free(error);
}

inline std::string describe_error(const cgo_guard_error &e) {
  std::string text = "C++ exception";
  append_title(text, e.name, e);
  if (e.function[0] != 0) append_site(text, e);
  text.append("cleanup: complete: every destructor the compiler had registered has run\n");
  append_fields(text, e, "");
  for (const cgo_guard_error *cause = e.cause; cause != nullptr; cause = cause->cause) {
    append_title(text.append("cause:  "), cause->name, *cause);
    append_fields(text, *cause, "         ");
  }
  return text.append("C++ stack:\n").append(no_stack);
}

/// @return a malloc'ed copy of the string that `make` makes, or nullptr without memory.
template <class Make>
char *make_text(Make &&make) noexcept {
  try {
    const std::string text = make();
    auto *const copy = static_cast<char *>(std::malloc(text.size() + 1));
    if (copy != nullptr) std::memcpy(copy, text.c_str(), text.size() + 1);
    return copy;
  } catch (...) {
    return nullptr;
  }
}

inline unsigned long long number_of(const void *address) noexcept {
  return static_cast<unsigned long long>(reinterpret_cast<std::uintptr_t>(address));
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

CGO_GUARD_C_API int cgo_guard_read_prefix(const void *pointer, uint64_t prefix[3]) {
  using namespace cgo_guard::detail;
  std::memcpy(prefix, pointer, 3 * sizeof prefix[0]);
  if (prefix[0] == freed_magic) portable_count.double_frees.fetch_add(1, std::memory_order_relaxed);
  return 1;
}

CGO_GUARD_C_API cgo_guard_error *cgo_guard_retain(cgo_guard_error *error) {
  using namespace cgo_guard::detail;
  if (error == nullptr) return nullptr;
  if (!is_live(*error) || error->abi_version != CGO_GUARD_ABI_VERSION) {
    report_misuse("cgo_guard_retain", error, "not a live cgo_guard_error of this version");
  } else {
    slot_of(*error).owners.fetch_add(1, std::memory_order_relaxed);
  }
  return error;
}

CGO_GUARD_C_API void cgo_guard_free(cgo_guard_error *error) {
  using namespace cgo_guard::detail;
  while (error != nullptr) {
    std::uint64_t magic = CGO_GUARD_MAGIC;
    if (is_live(*error)) {
      portable_error &slot = slot_of(*error);
      if (slot.shared) return;
      if (slot.owners.load(std::memory_order_acquire) > 1 && slot.owners.fetch_sub(1, std::memory_order_acq_rel) > 1)
        return;
    }
    if (!__atomic_compare_exchange_n(&error->magic, &magic, freed_magic, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
      if (portable_count.double_frees.fetch_add(1, std::memory_order_relaxed) == 0) {
        report_misuse("cgo_guard_free", error,
                      magic == freed_magic ? "this error was already freed; further ones are only counted"
                                           : "this is not a cgo_guard_error");
      }
      return;
    }
    portable_error &slot = slot_of(*error);
    cgo_guard_free(slot.origin);
    error = slot.error.cause;
    std::free(slot.owned_name);
    std::free(slot.owned_types);
    std::free(slot.owned_message);
    std::free(slot.owned_translation);
    std::free(slot.described);
    portable_count.live.fetch_sub(1, std::memory_order_relaxed);
    if (slot.origin == nullptr && slot.error.go_value != 0) {
      error_store.keep_go_value(slot);
    } else {
      error_store.give_back(slot);
    }
  }
}

CGO_GUARD_C_API uint64_t cgo_guard_live_sites(cgo_guard_live_site *out, uint64_t max) {
  return cgo_guard::detail::error_store.count_live_sites(out, max);
}

CGO_GUARD_C_API uint64_t cgo_guard_take_released_go_values(uint64_t *out, uint64_t max) {
  return cgo_guard::detail::error_store.take_go_values(out, max);
}

CGO_GUARD_C_API const uint32_t *cgo_guard_released_go_values(void) { return cgo_guard::detail::error_store.pending(); }

CGO_GUARD_C_API const char *cgo_guard_stack(cgo_guard_error *error) {
  using namespace cgo_guard::detail;
  if (error == nullptr) return "";
  if (is_live(*error)) return no_stack;
  report_misuse("cgo_guard_stack", error, "not a live cgo_guard_error");
  return "";
}

CGO_GUARD_C_API const char *cgo_guard_describe(cgo_guard_error *error) {
  using namespace cgo_guard::detail;
  if (error == nullptr) return "";
  if (!is_live(*error)) {
    report_misuse("cgo_guard_describe", error, "not a live cgo_guard_error");
    return "";
  }
  portable_error &slot = slot_of(*error);
  if (slot.shared) return error->message;
  if (slot.described == nullptr) slot.described = make_text([error] { return describe_error(*error); });
  return slot.described != nullptr ? slot.described : error->message;
}

CGO_GUARD_C_API size_t cgo_guard_format_frames_raw(const void *const *frames, uint64_t count, uint32_t head,
                                                   uint64_t omitted, char *buffer, size_t size) {
  std::size_t used = 0;
  if (size != 0) buffer[0] = 0;
  const auto put = [&](const char *text) {
    for (; *text != 0 && used + 1 < size; ++text) buffer[used++] = *text;
    if (used < size) buffer[used] = 0;
  };
  char line[64];
  for (std::uint64_t i = 0; i <= count; ++i) {
    if (omitted != 0 && i == (head < count ? head : count)) {
      std::snprintf(line, sizeof line, "... %llu frame%s left out ...\n", static_cast<unsigned long long>(omitted),
                    omitted == 1 ? "" : "s");
      put(line);
    }
    if (i == count) break;
    std::snprintf(line, sizeof line, "0x%llx\n\t", cgo_guard::detail::number_of(frames[i]));
    put(line);
    put("(addresses have no names on this platform)\n");
  }
  return used;
}

CGO_GUARD_C_API char *cgo_guard_format_frames(const void *const *frames, uint64_t count, uint32_t head,
                                              uint64_t omitted, uint64_t) {
  constexpr std::size_t longest = 80;  // of the two lines of a frame, and of the one about those left out
  const std::size_t size = (static_cast<std::size_t>(count) + 1) * longest;
  auto *const text = static_cast<char *>(std::malloc(size));
  if (text != nullptr) cgo_guard_format_frames_raw(frames, count, head, omitted, text, size);
  return text;
}

CGO_GUARD_C_API char *cgo_guard_resolve_frames(const void *const *frames, uint64_t count, uint64_t) {
  using namespace cgo_guard::detail;
  return make_text([=] {
    std::string text;
    char address[32];
    for (std::uint64_t i = 0; i < count; ++i) {
      std::snprintf(address, sizeof address, "0x%llx", number_of(frames[i]));
      text.append(address).append("\t\t\t0\t0\t\t0x0\t\t0\n");
    }
    return text;
  });
}

CGO_GUARD_C_API char *cgo_guard_decorate(const char *report, uint32_t flags) {
  using namespace cgo_guard::detail;
  return make_text([=] { return decorate(report != nullptr ? report : "", flags); });
}

/// The policies are about a heap that is known to be corrupt, and here it never is: nothing depends on them.
CGO_GUARD_C_API const char *cgo_guard_configure(const cgo_guard_options *options) {
  if (options == nullptr) return "cgo_guard_configure: options is NULL";
  if (options->struct_size != sizeof *options) {
    return "cgo_guard_configure: struct_size is not sizeof(cgo_guard_options); header and caller differ in version";
  }
  if (options->heap_policy < CGO_GUARD_HEAP_QUARANTINE || options->heap_policy > CGO_GUARD_HEAP_CRASH) {
    return "cgo_guard_configure: heap_policy is none of quarantine, continue, crash";
  }
  if (options->core_dir != nullptr && options->core_dir[0] != 0) {
    return "cgo_guard_configure: there are no cores of faults on this platform: it guards no signals";
  }
  if (options->catch_exit != 0) return "cgo_guard_configure: exit() can't be caught on this platform";
  return nullptr;
}

CGO_GUARD_C_API void cgo_guard_get_stats(cgo_guard_stats *stats) {
  using namespace cgo_guard::detail;
  if (stats == nullptr || stats->struct_size != sizeof *stats) return;
  std::memset(stats, 0, sizeof *stats);
  stats->struct_size = sizeof *stats;
  stats->exceptions = stats->cleanup_complete = portable_count.exceptions;
  stats->live_errors = portable_count.live;
  stats->pool_exhausted = portable_count.exhausted;
  stats->double_frees = portable_count.double_frees;
  stats->undelivered = portable_count.undelivered;
  stats->thread_errors = portable_count.thread_errors;
  stats->core_failure = stats->poisoned_by = "";
}

#endif  // CGO_GUARD_ERROR_PORTABLE_HPP
