// SPDX-License-Identifier: BSL-1.0
/// @file handler_chain.hpp
/// The handlers below ours, for each signal, and how far down the chain a fault has got. Async-signal-safe to read.
#ifndef CGO_GUARD_HANDLER_CHAIN_HPP
#define CGO_GUARD_HANDLER_CHAIN_HPP

#include <atomic>
#include <csignal>
#include <cstdint>

#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

// SA_RESTORER (asm/signal.h). The kernel gives it back in sa_flags although nobody but libc has set it.
constexpr int restorer_flag = 0x04000000;

inline bool is_same(const struct sigaction &a, const struct sigaction &b) noexcept {
  return ((a.sa_flags ^ b.sa_flags) & ~restorer_flag) == 0 && a.sa_handler == b.sa_handler;  // a union: either kind
}

inline bool is_a_function(const struct sigaction &action) noexcept {
  return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
}

/// The actions that were there before us, or put over us until the next guard went on top again (guests). Newest first.
/// An action doesn't change as long as it is in the order, and the order is one word: the signal handler may look at
/// any time, and so may a sigaction that takes one out, which may be called from a signal handler itself.
class handler_chain {
 public:
  static constexpr int capacity = 8;  // one byte each in order_

  /// Under the install lock. @param guest it was put over ours, so that its owner may take it away again.
  void put_on_top(const struct sigaction &action, bool guest) noexcept {
    int fresh = -1;
    for (std::uint64_t order = order_.load(std::memory_order_relaxed);;) {
      const line now = unpack(order);
      int slot = find(now, action);
      if (slot < 0) {
        if (now.count == capacity) return;  // the ninth neighbour: it had the signal until now; eight others still do
        if (fresh < 0) fresh = fill_slot(now, action, guest);
        slot = fresh;
      }
      if (guest) born_[slot].store(generation_.load() + 1);
      spent_.fetch_and(~bit(slot));
      line next;
      next.slot[next.count++] = static_cast<unsigned char>(slot);
      for (int i = 0; i < now.count; ++i) {
        if (now.slot[i] != slot) next.slot[next.count++] = now.slot[i];
      }
      if (order_.compare_exchange_weak(order, pack(next))) break;
    }
    if (guest) generation_.fetch_add(1);
  }

  /// How many guests there have been. Whoever puts ours back that he found at one moment wants those gone that came
  /// later.
  std::uint32_t generation() const noexcept { return generation_.load(); }
  void forget_later_than(std::uint32_t generation) noexcept {
    forget_if([=](const struct sigaction &, std::uint32_t born) noexcept { return born > generation; });
  }

  /// The last to come.
  void forget_newest() noexcept {
    std::uint32_t newest = 1;
    forget_if([&](const struct sigaction &, std::uint32_t born) noexcept {
      newest = born > newest ? born : newest;
      return false;
    });
    forget_later_than(newest - 1);
  }

  void forget(const struct sigaction &action) noexcept {
    forget_if([&](const struct sigaction &other, std::uint32_t) noexcept { return is_same(other, action); });
  }

  /// Somebody has put his handler over a guest that had not been put below ours yet.
  void note_replaced(const struct sigaction &action) noexcept {
    replaced_.store(action.sa_handler);
    replaced_in_.store(generation_.load());
  }

  /// An action is installed that may have been here before: whoever came since has taken his own away.
  void forget_above(const struct sigaction &action) noexcept {
    if (is_a_function(action) && action.sa_handler == replaced_.load()) {
      forget_later_than(replaced_in_.load());
      return;
    }
    const line now = unpack(order_.load(std::memory_order_acquire));
    const int slot = find(now, action);
    if (slot >= 0) forget_later_than(born_[slot].load());
  }

  /// @param level 0 for the newest. @param out what the kernel would do, were that one installed.
  /// @return false below the oldest.
  bool look(int level, struct sigaction &out) const noexcept {
    int slot = 0;
    return read(level, slot, out);
  }

  /// The same for a signal that is delivered: one with SA_RESETHAND is called once, and is the default from then on.
  /// The kernel resets it before it calls the handler, and so do we.
  bool claim(int level, struct sigaction &out) noexcept {
    int slot = 0;
    if (!read(level, slot, out)) return false;
    const bool once = (static_cast<unsigned>(out.sa_flags) & SA_RESETHAND) != 0 && is_a_function(out);
    if (once && (spent_.fetch_or(bit(slot)) & bit(slot)) != 0) out.sa_handler = SIG_DFL;
    return true;
  }

  int count() const noexcept { return unpack(order_.load(std::memory_order_acquire)).count; }

  /// Under the install lock, and while ours is not installed.
  void clear() noexcept { order_.store(~std::uint64_t{0}); }

 private:
  // More than there are levels, and used in turn, so that what a reader copies is not filled anew while the order looks
  // the same.
  static constexpr int slots = 16;
  static constexpr unsigned char none = 0xff;

  struct line {
    int count = 0;
    unsigned char slot[capacity] = {};  // GCC at -O3 fears for those from count on, which nobody reads
  };
  static line unpack(std::uint64_t order) noexcept {
    line result;
    for (; result.count < capacity && (order & 0xff) != none; order >>= 8) {
      result.slot[result.count++] = static_cast<unsigned char>(order & 0xff);
    }
    return result;
  }
  static std::uint64_t pack(const line &from) noexcept {
    std::uint64_t order = ~std::uint64_t{0};
    for (int i = from.count; i-- > 0;) order = order << 8 | from.slot[i];
    return order;
  }
  static constexpr std::uint32_t bit(int slot) noexcept { return std::uint32_t{1} << slot; }

  /// Takes those guests out of which `gone(action, generation)` says so. One that was also there before us goes to the
  /// bottom, where it was.
  template <class Gone>
  void forget_if(Gone &&gone) noexcept {
    for (std::uint64_t order = order_.load(std::memory_order_acquire);;) {
      const line now = unpack(order);
      line kept, returned;
      for (int i = 0; i < now.count; ++i) {
        const unsigned char slot = now.slot[i];
        const std::uint32_t born = born_[slot].load();
        if (born == 0 || !gone(actions_[slot], born)) {
          kept.slot[kept.count++] = slot;
        } else if (founder_[slot]) {
          returned.slot[returned.count++] = slot;
        }
      }
      for (int i = 0; i < returned.count; ++i) {
        kept.slot[kept.count++] = returned.slot[i];
      }
      if (!order_.compare_exchange_weak(order, pack(kept))) continue;
      for (int i = 0; i < returned.count; ++i) {
        born_[returned.slot[i]].store(0);
      }
      return;
    }
  }

  int find(const line &in, const struct sigaction &action) const noexcept {
    for (int i = 0; i < in.count; ++i) {
      if (is_same(actions_[in.slot[i]], action)) return in.slot[i];
    }
    return -1;
  }

  int fill_slot(const line &used, const struct sigaction &action, bool guest) noexcept {
    const auto in_use = [&used](int slot) noexcept {
      for (int i = 0; i < used.count; ++i) {
        if (used.slot[i] == slot) return true;
      }
      return false;
    };
    do {
      last_filled_ = (last_filled_ + 1) % slots;
    } while (in_use(last_filled_));
    actions_[last_filled_] = action;
    born_[last_filled_].store(0);
    founder_[last_filled_] = !guest;
    return last_filled_;
  }

  bool read(int level, int &slot, struct sigaction &out) const noexcept {
    for (;;) {
      const std::uint64_t order = order_.load(std::memory_order_acquire);
      const line now = unpack(order);
      if (level < 0 || level >= now.count) return false;
      slot = now.slot[level];
      out = actions_[slot];
      // Read again behind the copy, by an addition of nothing (throw_stack.hpp says why it is no fence).
      if (order_.fetch_add(0, std::memory_order_acq_rel) == order) break;
    }
    if ((spent_.load() & bit(slot)) != 0) out.sa_handler = SIG_DFL;
    return true;
  }

  struct sigaction actions_[slots] = {};
  bool founder_[slots] = {};                     ///< it was there before us
  std::atomic<std::uint32_t> born_[slots] = {};  ///< of which generation a guest is; 0 for one that is none
  std::atomic<std::uint32_t> spent_{0};          ///< a bit for each slot: its SA_RESETHAND has been claimed
  std::atomic<std::uint32_t> generation_{0};
  std::atomic<void (*)(int)> replaced_{nullptr};
  std::atomic<std::uint32_t> replaced_in_{0};  ///< of which generation the last guest was then
  int last_filled_ = slots - 1;
  mutable std::atomic<std::uint64_t> order_{~std::uint64_t{0}};  // all bytes `none`
};

/// How many handlers have already been offered a signal. A neighbour that was installed over us and chains calls us
/// again, for the same signal, from inside our call to it; without this the two would call each other for ever.
/// Known by the address of the ucontext, which no other delivery that is still going on shares. Not thread-local: a
/// plugin's first touch of a thread-local variable may allocate.
class forwarding_levels {
  struct entry {
    std::atomic<const void *> context{nullptr};
    std::atomic<const void *> frame{nullptr};
    std::atomic<int> level{0};

    void open(const void *at) noexcept {
      frame.store(at, std::memory_order_relaxed);
      level.store(0, std::memory_order_relaxed);
    }
  };

 public:
  /// One call of our handler.
  struct turn {
    int level = 0;                  ///< how many handlers below ours have had this signal
    entry *opened = nullptr;        ///< by this call, so that others are inside it
    const void *context = nullptr;  ///< for which
  };

  /// @param frame our handler's. @param from_kernel false if a neighbour's handler called us.
  turn enter(const void *context, const void *frame, bool from_kernel) noexcept {
    for (entry &e : entries_) {
      if (e.context.load(std::memory_order_relaxed) != context) continue;
      // A call inside another stands below it. Otherwise it is a new signal, whatever a handler has left behind that
      // never returned.
      if (!from_kernel && frame < e.frame.load(std::memory_order_relaxed))
        return {e.level.fetch_add(1) + 1, nullptr, context};
      e.open(frame);
      return {0, &e, context};
    }
    for (entry &e : entries_) {
      const void *expected = nullptr;
      if (!e.context.compare_exchange_strong(expected, context)) continue;
      e.open(frame);
      return {0, &e, context};
    }
    // Full of handlers that were left by longjmp, which nobody tells us of: the next one makes room. Also where a
    // neighbour has called us: he may have been over us from the start, so that this is the first that we hear of it.
    entry &reused = entries_[next_reused_.fetch_add(1, std::memory_order_relaxed) % size];
    reused.open(frame);
    reused.context.store(context);
    return {0, &reused, context};
  }

  void leave(const turn &done) noexcept {
    const void *mine = done.context;
    if (done.opened != nullptr) done.opened->context.compare_exchange_strong(mine, nullptr);
  }

 private:
  // Threads that are in a neighbour's handler at one time. With more, one of them may lose its entry to another, and
  // then a chain of neighbours is entered twice.
  static constexpr std::size_t size = 64;
  entry entries_[size];
  std::atomic<std::uint32_t> next_reused_{0};
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_HANDLER_CHAIN_HPP
