// SPDX-License-Identifier: BSL-1.0
/// @file child.hpp
/// A copy of the process, made in a signal handler, that does what the handler can't: it may take its time, and
/// whatever befalls it ends it and nothing else. What is done with one is in crash_names.hpp and core_on_fault.hpp.
#ifndef CGO_GUARD_CHILD_HPP
#define CGO_GUARD_CHILD_HPP

#include <cerrno>
#include <csignal>
#include <cstdint>

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../runtime/signal_set.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Async-signal-safe. Not fork(): that waits for malloc's locks, of which the crashed thread may hold one.
/// @return as fork does.
inline long copy_process() noexcept {
  // Memory is copied. There is no signal at its end: nobody's SIGCHLD handler or os/exec is to hear of it, and only
  // waiting with __WALL finds it. A debugger would take such a child for one of the process's threads, so it is not
  // told.
  const long child = syscall(SYS_clone, long{CLONE_UNTRACED}, 0L, 0L, 0L, 0L);
  // An emulator can only do what fork does (qemu-user, seen in 7.2). A SIGCHLD too many is better than no report.
  return child < 0 && errno == EINVAL ? syscall(SYS_clone, long{SIGCHLD}, 0L, 0L, 0L, 0L) : child;
}

/// In the child: makes it somebody who stands in nobody's way.
/// @param fd the one descriptor that it keeps.
/// @param seconds how long it may live: what it waits for may never come, and who made it may be gone by then.
/// @param unblocked signals that may come, besides the one that ends it when its time is over.
inline void stand_in_nobodys_way(int fd, unsigned seconds, std::uint64_t unblocked) noexcept {
  // Whoever waits for the other end of one of the process's pipes and sockets is not to wait for us.
#if !defined(SYS_close_range)
  constexpr long SYS_close_range = 436;
#endif
  if ((fd != 0 && syscall(SYS_close_range, 0, fd - 1, 0) != 0) || syscall(SYS_close_range, fd + 1, ~0U, 0) != 0) {
    for (int i = 0; i < 65536; ++i) {  // Linux before 5.9
      if (i != fd) syscall(SYS_close, i);
    }
  }
  // Its signals are to run on the stack that it is on: on the handler's, of which it has a copy, is what it was asked
  // for.
  stack_t none_of_its_own = {};
  none_of_its_own.ss_flags = SS_DISABLE;
  syscall(SYS_sigaltstack, &none_of_its_own, nullptr);
  const std::uint64_t blocked = ~(signal_bit(SIGALRM) | unblocked);
  constexpr std::uint64_t by_default[4] = {};  // the kernel's struct sigaction
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, nullptr, sizeof blocked);
  syscall(SYS_rt_sigaction, SIGALRM, by_default, nullptr, sizeof blocked);
  const itimerval timer = {{0, 0}, {static_cast<time_t>(seconds), 0}};
  syscall(SYS_setitimer, ITIMER_REAL, &timer, nullptr);  // newer processors have no alarm(2)
  const rlimit none = {0, 0};
  syscall(SYS_prlimit64, 0, RLIMIT_CORE, &none, nullptr);  // a core of it would be taken for one of the process
  // Where memory is short, this goes and not the process: what that writes to has to be copied as long as we are here.
  const int oom = static_cast<int>(syscall(SYS_openat, AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (oom >= 0) {
    syscall(SYS_write, oom, "1000", 4);
    syscall(SYS_close, oom);
  }
}

inline bool write_whole(int fd, const char *text, std::size_t length) noexcept {
  while (length > 0) {
    const ssize_t written = ::write(fd, text, length);
    if (written <= 0) return false;
    text += written;
    length -= static_cast<std::size_t>(written);
  }
  return true;
}

/// For one that ends in any case. @return its status.
inline int wait_for_end(pid_t child) noexcept {
  int status = 0;
  while (waitpid(child, &status, __WALL) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CHILD_HPP
