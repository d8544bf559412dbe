// SPDX-License-Identifier: BSL-1.0
/// @file crash_names.hpp
/// The names of a crash's call sites, which take memory, locks and files, from a signal handler that may have none of
/// them. So a child does it (child.hpp), on a stack of its own. Whatever happens to it, a second fault, a lock that is
/// held for ever, ends the child and nothing else.
#ifndef CGO_GUARD_CRASH_NAMES_HPP
#define CGO_GUARD_CRASH_NAMES_HPP

#include <cerrno>
#include <ctime>
#include <string>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../exception/contain.hpp"
#include "../runtime/guarded_stack.hpp"
#include "../stack/stack_text.hpp"
#include "../state/process.hpp"
#include "child.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// What the child is asked to do. On the stack of the handler, of which it has a copy.
struct crash_names_request {
  int fd;
  const void *const *frames;
  std::uint64_t count;
  std::uint32_t head;
  std::uint64_t omitted;
};

// For the stack of the child: libdw's and the demangler's deepest calls take some tens of KiB, a signal stack has 32.
constexpr std::size_t names_stack_size = 1024 * 1024;
// A child that needs longer waits for a lock that some other thread held when it was made. The first names of a program
// take less than a tenth of a second (docs/performance.md).
constexpr int names_patience_ms = 2000;

/// What the child is besides one that stands in nobody's way.
inline void become_namer(int fd) noexcept {
  // A read that may fail needs the handler of its fault. Of other faults there is nothing to be reported: the report
  // would make a child again, which faults again, and so on for ever.
  process.crash_fd.store(-1, std::memory_order_relaxed);
  // The alarm is for the case that nobody is there any more whose patience could end.
  stand_in_nobodys_way(fd, names_patience_ms / 1000 + 1, signal_bit(SIGSEGV) | signal_bit(SIGBUS));
  // The files that are opened now are not to be what somebody's library takes for its stdout or stderr.
  long null = 0;
  do {
    null = syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
  } while (null >= 0 && null <= STDERR_FILENO);
  if (null >= 0) syscall(SYS_close, null);
}

[[noreturn]] inline void write_names_and_end(void *argument) noexcept {
  const auto &request = *static_cast<const crash_names_request *>(argument);
  become_namer(request.fd);
  contain([&request] {
    const std::string text = format_frames(request.frames, request.count, request.head, request.omitted, 0);
    static constexpr char title[] = "C++ stack:\n";
    static_cast<void>(!::write(request.fd, title, sizeof title - 1));
    write_whole(request.fd, text.data(), text.size());
  });
  for (;;) syscall(SYS_exit_group, 0);
}

inline bool is_at_work(pid_t child) noexcept {
  int status = 0;
  const pid_t ended = waitpid(child, &status, __WALL | WNOHANG);
  return ended == 0 || (ended < 0 && errno == EINTR);
}

/// Until the child has ended, which it does in any case: by our hand where our patience does.
inline void wait_for_namer(pid_t child) noexcept {
  for (int waited = 0; is_at_work(child); ++waited) {
    if (waited == names_patience_ms) {
      syscall(SYS_kill, child, SIGKILL);
      wait_for_end(child);
      return;
    }
    const timespec one_ms = {0, 1000000};
    nanosleep(&one_ms, nullptr);
  }
}

/// Async-signal-safe.
inline void write_crash_names(int fd, const void *const *frames, std::uint64_t count, std::uint32_t head,
                              std::uint64_t omitted) noexcept {
  crash_names_request request{fd, frames, count, head, omitted};
  const temporary_stack<names_stack_size> stack;
  if (!stack) return;
  const long child = copy_process();
  if (child == 0) arch::call_on_stack(&write_names_and_end, &request, stack.top());
  if (child > 0) wait_for_namer(static_cast<pid_t>(child));
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CRASH_NAMES_HPP
