// SPDX-License-Identifier: BSL-1.0
/// @file pool.hpp
/// Where errors live. Never malloc: an error must be had when the heap is what broke.
#ifndef CGO_GUARD_POOL_HPP
#define CGO_GUARD_POOL_HPP

#include <atomic>
#include <cstdlib>
#include <cstring>

#include <sys/mman.h>

#include "../state/blank_error.hpp"
#include "../state/process.hpp"
#include "../state/record.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

struct error_slot {
  cgo_guard_error error;  // first: a pointer to one is a pointer to the other
  std::atomic<std::uint32_t> owners;
  std::atomic<const char *> site_function;  ///< where the guard stands, for whoever counts live errors, or nullptr
  std::atomic<const char *> site_file;
  std::atomic<std::int32_t> site_line;
  bool shared;                ///< a static stand-in: nothing to release
  bool poisons;               ///< this failure has left the heap corrupt
  cgo_guard_error *origin;    ///< the callback's error that this one speaks for, or nullptr; owned
  error_slot *next_released;  ///< in the list of Go values that Go has yet to drop (lifetime.hpp)
  char *owned[6];             ///< malloc'ed strings that the error refers to
  int owned_count;
  char *stack;     ///< cached by cgo_guard_stack
  char *describe;  ///< cached by cgo_guard_describe
  const void *frames[max_frames];
  char name[160];  ///< for texts that may not use the heap
  char message[640];

  void own(char *text) noexcept {
    if (text != nullptr && owned_count < 6) owned[owned_count++] = text;
  }
};

/// 64 slots and one word that says which are taken.
struct error_chunk {
  std::atomic<std::uint64_t> taken;
  error_slot slots[64];
};

class error_pool {
 public:
  // 256 chunks are 16,384 live errors and 50 MB. Nobody reads so many: it is a leak, and it must not take the machine.
  static constexpr std::uint32_t max_chunks = 256;

  /// Lock-free. @return nullptr when everything is taken.
  error_slot *take() noexcept {
    // Slots are taken in turn and not last-in-first-out, so that a freed error stays recognisable as long as possible.
    for (;;) {
      const std::uint32_t chunks = chunk_count();
      const std::uint32_t start = next_.fetch_add(1, std::memory_order_relaxed);
      for (std::uint32_t i = 0; i < chunks; ++i) {
        if (error_slot *slot = take_from(chunk(((start >> 6) + i) % chunks), start & 63)) return slot;
      }
      if (!grow(chunks)) return nullptr;
    }
  }

  void give_back(error_slot &slot) noexcept {
    const std::uint32_t chunks = chunk_count();
    for (std::uint32_t i = 0; i < chunks; ++i) {
      error_chunk &c = chunk(i);
      if (&slot >= c.slots && &slot < c.slots + 64) {
        c.taken.fetch_and(~(std::uint64_t{1} << (&slot - c.slots)), std::memory_order_release);
        return;
      }
    }
  }

  /// Calls f for every slot that is taken at some moment of the call. They may be given back meanwhile.
  template <class F>
  void for_each_taken(F &&f) noexcept {
    for (std::uint32_t i = 0, chunks = chunk_count(); i < chunks; ++i) {
      error_chunk &c = chunk(i);
      std::uint64_t taken = c.taken.load(std::memory_order_acquire);
      for (; taken != 0; taken &= taken - 1) f(c.slots[__builtin_ctzll(taken)]);
    }
  }

  bool holds(const void *error) noexcept {
    const std::uint32_t chunks = chunk_count();
    for (std::uint32_t i = 0; i < chunks; ++i) {
      const error_slot *const first = chunk(i).slots;
      if (error >= first && error < first + 64) return true;
    }
    return false;
  }

  std::uint64_t live() noexcept {
    std::uint64_t count = 0;
    const std::uint32_t chunks = chunk_count();
    for (std::uint32_t i = 0; i < chunks; ++i) {
      count += static_cast<std::uint64_t>(__builtin_popcountll(chunk(i).taken.load(std::memory_order_relaxed)));
    }
    return count;
  }

  static constexpr std::uint64_t capacity() noexcept { return std::uint64_t{max_chunks} * 64; }

 private:
  std::uint32_t chunk_count() const noexcept { return extra_chunks_.load(std::memory_order_acquire) + 1; }

  error_chunk &chunk(std::uint32_t i) noexcept { return i == 0 ? first_ : *more_[i].load(std::memory_order_acquire); }

  static error_slot *take_from(error_chunk &c, unsigned start) noexcept {
    std::uint64_t taken = c.taken.load(std::memory_order_relaxed);
    while (taken != ~std::uint64_t{0}) {
      const std::uint64_t from_start = ~taken & (~std::uint64_t{0} << start);
      const int bit = __builtin_ctzll(from_start != 0 ? from_start : ~taken);
      if (c.taken.compare_exchange_weak(taken, taken | (std::uint64_t{1} << bit), std::memory_order_acquire)) {
        return &c.slots[bit];
      }
    }
    return nullptr;
  }

  /// Adds a chunk, unless another thread has done so since. Pages come from mmap: it works with a corrupt heap, and
  /// pages that are never written cost nothing.
  bool grow(std::uint32_t seen) noexcept {
    if (seen == max_chunks) return false;
    void *const memory = mmap(nullptr, sizeof(error_chunk), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    error_chunk *expected = nullptr;
    if (!more_[seen].compare_exchange_strong(expected, static_cast<error_chunk *>(memory))) {
      munmap(memory, sizeof(error_chunk));
    }
    std::uint32_t extra = seen - 1;
    extra_chunks_.compare_exchange_strong(extra, seen, std::memory_order_release);
    return true;
  }

  // All zero at the start, so that the pool is .bss and not 150 KB of every object file.
  std::atomic<std::uint32_t> extra_chunks_{0}, next_{0};
  std::atomic<error_chunk *> more_[max_chunks] = {};
  error_chunk first_ = {};
};

CGO_GUARD_CONSTINIT inline error_pool pool;

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_POOL_HPP
