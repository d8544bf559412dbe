// SPDX-License-Identifier: BSL-1.0
/// @file child_text.hpp
/// A text that takes the heap to make, in a process whose heap is corrupt: a copy of the process makes it (child.hpp).
/// The copy's heap is as corrupt, but whatever that leads to ends the copy and nothing else.
#ifndef CGO_GUARD_CHILD_TEXT_HPP
#define CGO_GUARD_CHILD_TEXT_HPP

#include <poll.h>

#include "../exception/contain.hpp"
#include "crash_names.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

template <class Make>
struct child_text_request {
  const Make &make;
  int fd;
};

/// In the child. Its own faults are taken by its own guard, and end it.
template <class Make>
[[noreturn]] void write_text_and_end(void *argument) noexcept {
  const auto &request = *static_cast<const child_text_request<Make> *>(argument);
  become_namer(request.fd);
  process.poisoned_by.store(0, std::memory_order_relaxed);
  process.process_id = getpid();
  bool done = false;
  contain([&] {
    const auto text = request.make();
    done = write_whole(request.fd, text.data(), text.size());
  });
  for (;;) syscall(SYS_exit_group, done ? 0 : 1);
}

/// Reads until the other end is closed. @return the bytes, of which as many as fit are kept, or -1 where that took too
/// long.
inline ssize_t read_with_patience(int fd, char *buffer, std::size_t size) noexcept {
  std::size_t length = 0;
  timespec begin, now;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (;;) {
    clock_gettime(CLOCK_MONOTONIC, &now);
    const long waited = (now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000;
    pollfd end = {fd, POLLIN, 0};
    if (waited >= names_patience_ms) return -1;
    if (poll(&end, 1, static_cast<int>(names_patience_ms - waited)) <= 0) continue;
    char beyond[512];
    const bool fits = length < size;
    const ssize_t got = fits ? ::read(fd, buffer + length, size - length) : ::read(fd, beyond, sizeof beyond);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return static_cast<ssize_t>(length);
    if (fits) length += static_cast<std::size_t>(got);
  }
}

inline std::atomic<bool> child_is_hopeless{false};

/// Ordinary context. @param make returns a std::string; may throw, crash or never return.
/// @return the length of the text in `buffer`, cut off to fit and terminated, or 0 where there is none: the heap was
/// of no use to the child either. One that never returned is the last that is tried.
template <class Make>
std::size_t text_from_child(const Make &make, char *buffer, std::size_t size) noexcept {
  int channel[2];
  if (size < 2 || child_is_hopeless.load(std::memory_order_relaxed) || pipe2(channel, O_CLOEXEC) != 0) return 0;
  const temporary_stack<names_stack_size> stack;
  child_text_request<Make> request{make, channel[1]};
  const long child = stack ? copy_process() : -1;
  if (child == 0) {
    arch::call_on_stack(&write_text_and_end<Make>, &request, stack.top());
  }
  ::close(channel[1]);
  ssize_t length = 0;
  if (child > 0) {
    length = read_with_patience(channel[0], buffer, size - 1);
    if (length < 0) {
      child_is_hopeless.store(true, std::memory_order_relaxed);
      syscall(SYS_kill, child, SIGKILL);
    }
    if (wait_for_end(static_cast<pid_t>(child)) != 0) length = 0;
  }
  ::close(channel[0]);
  if (length <= 0) return 0;
  buffer[length] = 0;
  return static_cast<std::size_t>(length);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CHILD_TEXT_HPP
