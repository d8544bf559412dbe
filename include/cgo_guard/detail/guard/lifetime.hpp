// SPDX-License-Identifier: BSL-1.0
/// @file lifetime.hpp
/// An error from its first word to its last: made empty, owned by several, released; and what becomes of the Go value
/// that it may stand for.
#ifndef CGO_GUARD_LIFETIME_HPP
#define CGO_GUARD_LIFETIME_HPP

#include <cstdio>

#include "../exception/describe.hpp"
#include "../state/blank_error.hpp"
#include "../state/live_sites.hpp"
#include "pool.hpp"
#include "readable.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

inline error_slot &slot_of(cgo_guard_error &error) noexcept { return reinterpret_cast<error_slot &>(error); }

// The frozen prefix: the same in every ABI version.
constexpr std::size_t prefix_size = 24;

/// Whether a pointer that somebody has handed in leads anywhere. Those of the pool do; for others, which may have been
/// made by another copy of this header, it takes a system call.
inline bool can_be_read(const cgo_guard_error &error) noexcept {
  return pool.holds(&error) || is_readable(&error, prefix_size);
}

inline bool is_live(const cgo_guard_error &error) noexcept { return can_be_read(error) && has_magic(error); }

/// Whether an error was made by this version of the header. Of another one only the frozen prefix may be touched.
inline bool is_of_this_version(const cgo_guard_error &error) noexcept {
  return error.abi_version == CGO_GUARD_ABI_VERSION && error.struct_size == sizeof(cgo_guard_error);
}

/// The errors whose Go value nobody refers to any more. Their slots wait here until Go has dropped the value: calling
/// Go from where C++ releases an exception (a destructor, any thread, after main) is not always possible, and would
/// cost every release a callback. A stack of slots, so that waiting needs no memory.
class released_go_values {
 public:
  void push(error_slot &slot) noexcept {
    error_slot *top = top_.load(std::memory_order_relaxed);
    do slot.next_released = top;
    while (!top_.compare_exchange_weak(top, &slot, std::memory_order_release));
    pending_.store(1, std::memory_order_release);
  }

  std::uint64_t take(std::uint64_t *out, std::uint64_t max) noexcept {
    pending_.store(0, std::memory_order_relaxed);
    // All at once: taking one at a time from such a stack would meet the ABA problem.
    error_slot *slot = top_.exchange(nullptr, std::memory_order_acquire);
    std::uint64_t count = 0;
    while (slot != nullptr) {
      error_slot *const next = slot->next_released;
      if (count < max) {
        out[count++] = slot->error.go_value;
        pool.give_back(*slot);
      } else {
        push(*slot);
      }
      slot = next;
    }
    return count;
  }

  const std::uint32_t *pending() const noexcept { return reinterpret_cast<const std::uint32_t *>(&pending_); }

 private:
  std::atomic<error_slot *> top_{nullptr};
  std::atomic<std::uint32_t> pending_{0};
};

CGO_GUARD_CONSTINIT inline released_go_values go_values;

inline void retain_error(cgo_guard_error &error) noexcept {
  if (!slot_of(error).shared) slot_of(error).owners.fetch_add(1, std::memory_order_relaxed);
}

inline void count_double_free(const void *pointer, const char *what) noexcept {
  if (process.count.double_frees.fetch_add(1, std::memory_order_relaxed) == 0) {
    report_misuse("cgo_guard_free", pointer, what);
  }
}

inline void release_error(cgo_guard_error *error) noexcept {
  while (error != nullptr) {
    if (!can_be_read(*error)) {
      count_double_free(error, "this points to nothing that can be read");
      return;
    }
    error_slot &slot = slot_of(*error);
    const std::uint64_t magic = __atomic_load_n(&error->magic, __ATOMIC_ACQUIRE);
    if (magic == CGO_GUARD_MAGIC) {
      if (slot.shared) return;
      if (error->release != &release_error && is_of_this_version(*error)) {
        error->release(error);  // of another copy of this header: only that one can have its memory again
        return;
      }
      if (slot.owners.load(std::memory_order_acquire) > 1 && slot.owners.fetch_sub(1, std::memory_order_acq_rel) > 1)
        return;
    }
    if (magic != CGO_GUARD_MAGIC ||
        __atomic_exchange_n(&error->magic, freed_magic, __ATOMIC_ACQ_REL) != CGO_GUARD_MAGIC) {
      count_double_free(error, why_not_freed(__atomic_load_n(&error->magic, __ATOMIC_ACQUIRE)));
      return;
    }
    release_error(slot.origin);  // one level deep: a callback's error speaks for itself
    error = slot.error.cause;
    if (!heap_is_poisoned()) {
      for (int i = 0; i < slot.owned_count; ++i) std::free(slot.owned[i]);
      std::free(slot.stack);
      std::free(slot.describe);
    }
    if (slot.origin == nullptr && slot.error.go_value != 0) {
      go_values.push(slot);
    } else {
      pool.give_back(slot);
    }
  }
}

/// Makes a slot an error with nothing in it.
inline void reset(error_slot &slot, int code) noexcept {
  cgo_guard_error &e = slot.error;
  make_blank(e, code, &release_error);
  e.frames = slot.frames;
  slot.owners.store(1, std::memory_order_relaxed);
  slot.site_function.store(nullptr, std::memory_order_relaxed);
  slot.shared = slot.poisons = false;
  slot.origin = nullptr;
  slot.owned_count = 0;
  slot.stack = slot.describe = nullptr;
  make_live(e);
}

/// Where the error's guard stands, for who counts live errors.
inline void note_site(error_slot &slot, const char *function, const char *file, std::int32_t line) noexcept {
  slot.site_file.store(file, std::memory_order_relaxed);
  slot.site_line.store(line, std::memory_order_relaxed);
  slot.site_function.store(function, std::memory_order_release);
}

inline std::uint64_t count_live_sites(cgo_guard_live_site *out, std::uint64_t max) noexcept {
  live_site_counter counter(out, max);
  pool.for_each_taken([&](error_slot &slot) noexcept {
    const char *const function = slot.site_function.load(std::memory_order_acquire);
    if (function == nullptr || !is_live(slot.error)) return;
    counter.add(function, slot.site_file.load(std::memory_order_relaxed),
                slot.site_line.load(std::memory_order_relaxed));
  });
  return counter.finish();
}

/// The stand-ins for when every slot is taken: one for each code, and for each signal. They say what happened, that the
/// rest was lost and why, and where to look.
inline error_slot *poorer_error(int code, int number) noexcept {
  static error_slot stand_ins[16] = {};
  static std::atomic<int> initialised{0};  // 0 no, 1 being done, 2 yes; not a static local, whose guard may be stuck
  if (initialised.load(std::memory_order_acquire) != 2) {
    int expected = 0;
    if (initialised.compare_exchange_strong(expected, 1)) {
      for (int i = 0; i < 16; ++i) {
        reset(stand_ins[i], i < 8 ? i : CGO_GUARD_SIGNAL);
        stand_ins[i].shared = true;
        stand_ins[i].error.cleanup = CGO_GUARD_CLEANUP_UNKNOWN;
        const char *const message =
            i == CGO_GUARD_EXIT
                ? "no details, not even the status: 16384 errors are live and none is left for this one; release them "
                  "(cgoguard.Err does). Stats().LiveSites and cgo_guard_live_sites say which guards they are from"
                : "no details: 16384 errors are live and none is left for this one; release them (cgoguard.Err does). "
                  "Stats().LiveSites and cgo_guard_live_sites say which guards they are from";
        stand_ins[i].error.message = message;
        stand_ins[i].error.message_length = std::strlen(message);
        if (i >= 8 && i - 8 < guarded_signal_count) {
          stand_ins[i].error.number = guarded_signals[i - 8];
          stand_ins[i].error.name = signal_name(guarded_signals[i - 8]);
        }
        cgo_guard_error &e = stand_ins[i].error;
        std::snprintf(stand_ins[i].message, sizeof stand_ins[i].message,
                      "%s%s%s: %s\ncleanup: unknown: what has run was not recorded\n", kind_of(e.code),
                      e.name[0] != 0 ? " " : "", e.name, message);
        stand_ins[i].describe = stand_ins[i].message;
      }
      initialised.store(2, std::memory_order_release);
    }
    while (initialised.load(std::memory_order_acquire) != 2) {
    }
  }
  process.count.pool_exhausted.fetch_add(1, std::memory_order_relaxed);
  for (int i = 0; code == CGO_GUARD_SIGNAL && i < guarded_signal_count; ++i) {
    if (guarded_signals[i] == number) return &stand_ins[8 + i];
  }
  return &stand_ins[code & 7];
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_LIFETIME_HPP
