// SPDX-License-Identifier: BSL-1.0
/// @file install_lock.hpp
/// One thread at a time through the installation, in a process and in its forks.
#ifndef CGO_GUARD_INSTALL_LOCK_HPP
#define CGO_GUARD_INSTALL_LOCK_HPP

#include <atomic>

#include <sys/types.h>
#include <unistd.h>

#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Not a std::mutex and not a static local: both can be left locked by a fault, and this must work in any state.
/// Installation itself runs none of the user's code.
///
/// Who has it is a process, because a fork's child gets a copy without the thread that would release it: to the child,
/// a lock of its parent's is free. (A handler of pthread_atfork that waits for it might wait for ever: installation
/// takes the loader's lock, and the thread that forks may have that.) What the other thread has left half done is done
/// again.
class install_lock {
 public:
  install_lock() noexcept {
    const pid_t self = getpid();
    for (pid_t holder = 0; !owner().compare_exchange_weak(holder, self, std::memory_order_acquire);) {
      if (holder != self) continue;  // nobody's, or its parent's: taken over as it is
      holder = 0;
      usleep(50);
    }
  }
  ~install_lock() { owner().store(0, std::memory_order_release); }
  /// In a fork's child: whether a thread that is not here was at it.
  static bool was_left_behind() noexcept {
    const pid_t holder = owner().load(std::memory_order_relaxed);
    return holder != 0 && holder != getpid();
  }
  install_lock(const install_lock &) = delete;
  install_lock &operator=(const install_lock &) = delete;

 private:
  static std::atomic<pid_t> &owner() noexcept {
    static std::atomic<pid_t> process_id{0};
    return process_id;
  }
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_INSTALL_LOCK_HPP
