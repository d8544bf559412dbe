// SPDX-License-Identifier: BSL-1.0
/// @file loader_lock.hpp
/// The dynamic loader's lock, which a failure may leave held. dlopen and dlclose run constructors and destructors of
/// modules under it, and have no cleanup that would give it back: whoever leaves such a constructor through a guard has
/// the lock for ever, and every other thread that asks the loader for something waits for ever.
#ifndef CGO_GUARD_LOADER_LOCK_HPP
#define CGO_GUARD_LOADER_LOCK_HPP

#include <atomic>
#include <cstdint>

#include "libc.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// What it means to who is told.
constexpr const char *loader_lock_sentence =
    "the dynamic loader's lock stays held, so that no other thread can load anything";

/// Set by the first failure that leaves the lock held, and from then on nothing of ours asks the loader.
inline std::atomic<bool> loader_lock_left{false};

inline bool loader_may_be_asked() noexcept { return !loader_lock_left.load(std::memory_order_relaxed); }

/// Where the loader's own code is.
class loader_code {
 public:
  void look_up() noexcept { libc::find_loader(begin_, end_); }

  /// Whether a frame is the loader's. Its functions have no names to be told apart by. A resolver that it runs for a
  /// first call (ifunc) holds no lock, and is taken for one that does.
  bool contains(std::uintptr_t call_site) const noexcept { return call_site >= begin_ && call_site < end_; }

 private:
  std::uintptr_t begin_ = 0, end_ = 0;
};

CGO_GUARD_CONSTINIT inline loader_code the_loader;

inline bool any_is_loaders(const void *const *frames, std::uint64_t count) noexcept {
  for (std::uint64_t i = 0; i < count; ++i) {
    if (the_loader.contains(reinterpret_cast<std::uintptr_t>(frames[i]))) return true;
  }
  return false;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_LOADER_LOCK_HPP
