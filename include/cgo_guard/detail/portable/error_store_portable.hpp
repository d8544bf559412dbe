// SPDX-License-Identifier: BSL-1.0
/// @file error_store_portable.hpp
/// The memory of errors where signals can't be guarded.
#ifndef CGO_GUARD_ERROR_STORE_PORTABLE_HPP
#define CGO_GUARD_ERROR_STORE_PORTABLE_HPP

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "../../abi.h"
#include "../../config.hpp"
#include "../state/blank_error.hpp"
#include "../state/frame_list.hpp"
#include "../state/live_sites.hpp"

extern "C" void cgo_guard_free(cgo_guard_error *error);

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

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
  char *stack;      ///< cached by cgo_guard_stack
  const void *frames[max_frames];
  portable_error *next_free;
  portable_error *previous_counted, *next_counted;
  bool counted;  ///< by count()
};

struct portable_counters {
  std::atomic<std::uint64_t> exceptions{0}, live{0}, exhausted{0}, double_frees{0}, undelivered{0}, thread_errors{0};
};
CGO_GUARD_CONSTINIT inline portable_counters portable_count;

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
      if (!has_magic(e)) continue;
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
CGO_GUARD_CONSTINIT inline portable_errors error_store;

inline void reset(portable_error &slot) noexcept {
  std::memset(static_cast<void *>(&slot), 0, sizeof slot);
  cgo_guard_error &e = slot.error;
  make_blank(e, CGO_GUARD_EXCEPTION, &cgo_guard_free);
  slot.owners.store(1, std::memory_order_relaxed);
  // The C++ runtime has run what there was to run; where it can't, it calls std::terminate and there is no error.
  e.cleanup = CGO_GUARD_CLEANUP_COMPLETE;
  make_live(e);
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

inline bool is_live(const cgo_guard_error &error) noexcept { return has_magic(error); }

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ERROR_STORE_PORTABLE_HPP
