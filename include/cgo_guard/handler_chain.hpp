// SPDX-License-Identifier: BSL-1.0
/// @file handler_chain.hpp
/// The handlers below ours, for each signal, and how far down the chain a fault has got. Async-signal-safe to read.
#ifndef CGO_GUARD_HANDLER_CHAIN_HPP
#define CGO_GUARD_HANDLER_CHAIN_HPP

#include <atomic>
#include <csignal>
#include <cstdint>

#include "config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// The actions that were there before us, or put over us until the next guard went on top again. Newest first.
/// An action once stored never changes, and the order is one word: the signal handler may look at any time.
class handler_chain {
 public:
  /// Under the install lock.
  void put_on_top(const struct sigaction &action) noexcept {
    int i = 0;
    while (i < used_ && !is_same(actions_[i], action)) ++i;
    if (i == capacity) return;  // the ninth neighbour: it had the signal until now, and the other eight still do
    if (i == used_) actions_[used_++] = action;
    std::uint64_t order = static_cast<unsigned>(i);
    int shift = 8;
    for (std::uint64_t rest = order_.load(std::memory_order_relaxed); (rest & 0xff) != none; rest >>= 8) {
      if (static_cast<int>(rest & 0xff) == i) continue;
      order |= (rest & 0xff) << shift;
      shift += 8;
    }
    if (shift < 64) order |= ~std::uint64_t{0} << shift;
    order_.store(order, std::memory_order_release);
  }

  /// @param level 0 for the newest. @return nullptr below the oldest.
  const struct sigaction *below(int level) const noexcept {
    if (level >= capacity) return nullptr;
    const std::uint64_t i = (order_.load(std::memory_order_acquire) >> (8 * level)) & 0xff;
    return i == none ? nullptr : &actions_[i];
  }

  /// Under the install lock, and while ours is not installed.
  void clear() noexcept {
    order_.store(~std::uint64_t{0});
    used_ = 0;
  }

 private:
  static constexpr int capacity = 8;  // one byte each in order_
  static constexpr std::uint64_t none = 0xff;

  static bool is_same(const struct sigaction &a, const struct sigaction &b) noexcept {
    return a.sa_flags == b.sa_flags &&
           ((a.sa_flags & SA_SIGINFO) != 0 ? a.sa_sigaction == b.sa_sigaction : a.sa_handler == b.sa_handler);
  }

  struct sigaction actions_[capacity] = {};
  int used_ = 0;
  std::atomic<std::uint64_t> order_{~std::uint64_t{0}};  // all bytes `none`
};

/// How many handlers have already been offered a signal. A neighbour that was installed over us and chains calls us
/// again, for the same signal, from inside our call to it; without this the two would call each other for ever.
/// Known by the address of the ucontext, which no other delivery that is still going on shares. Not thread-local: a
/// plugin's first touch of a thread-local variable may allocate.
class forwarding_levels {
 public:
  /// @param from_kernel false if a neighbour's handler called us.
  /// @return how many handlers below ours have had this signal.
  int enter(const void *context, bool from_kernel) noexcept {
    for (entry &e : entries_) {
      if (e.context.load(std::memory_order_relaxed) != context) continue;
      // From the kernel it is a new signal, whatever a handler left behind that never returned.
      e.level = from_kernel ? 0 : e.level + 1;
      return e.level;
    }
    if (!from_kernel) return 0;  // a neighbour was over us all the time
    for (entry &e : entries_) {
      const void *expected = nullptr;
      if (!e.context.compare_exchange_strong(expected, context)) continue;
      e.level = 0;
      break;
    }
    return 0;
  }

  void leave(const void *context) noexcept {
    for (entry &e : entries_) {
      const void *expected = context;
      if (e.context.compare_exchange_strong(expected, nullptr)) return;
    }
  }

 private:
  // Threads that are in a neighbour's handler at one time. Beyond that, and where handlers were left by longjmp in so
  // many places, a chain of neighbours may be entered twice.
  static constexpr std::size_t size = 64;
  struct entry {
    std::atomic<const void *> context{nullptr};
    int level = 0;
  };
  entry entries_[size];
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_HANDLER_CHAIN_HPP
