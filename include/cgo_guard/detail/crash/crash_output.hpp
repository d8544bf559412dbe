// SPDX-License-Identifier: BSL-1.0
/// @file crash_output.hpp
/// Where the report of a crash is written to, and its lines. Async-signal-safe.
#ifndef CGO_GUARD_CRASH_OUTPUT_HPP
#define CGO_GUARD_CRASH_OUTPUT_HPP

#include <cstdarg>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

#include "../stack/visible_text.hpp"
#include "../state/process.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Where the report goes: stderr, a file descriptor or a file. Opened at the crash, so that a file which was rotated
/// away is not written to.
class crash_output {
 public:
  crash_output() noexcept {
    const char *const name = process.crash_file.load(std::memory_order_acquire);
    if (*name == 0) return;
    const int file = ::open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file >= 0) fd_ = file;  // else stderr: a report in the wrong place is better than none
    opened_ = file >= 0;
  }
  ~crash_output() {
    if (opened_) ::close(fd_);
  }
  crash_output(const crash_output &) = delete;
  crash_output &operator=(const crash_output &) = delete;
  int fd() const noexcept { return fd_; }

 private:
  int fd_ = process.crash_fd.load(std::memory_order_relaxed);
  bool opened_ = false;
};

// As long as what is kept of an assertion under a guard (guard_record::note).
constexpr std::size_t crash_message_size = 512;

/// A line built in place and written at once, so that two threads that crash don't mix theirs within a line.
/// snprintf with integers and strings only: glibc's neither allocates nor locks for those.
class crash_line {
 public:
  explicit crash_line(const crash_output &out) noexcept : fd_(out.fd()) {}
  [[gnu::format(printf, 2, 3)]] crash_line &add(const char *format, ...) noexcept {
    va_list arguments;
    va_start(arguments, format);
    const int written = std::vsnprintf(text_ + length_, sizeof text_ - length_, format, arguments);
    va_end(arguments);
    if (written > 0) length_ += static_cast<std::size_t>(written);
    if (length_ >= sizeof text_) length_ = sizeof text_ - 1;
    return *this;
  }
  /// What others have written, escaped; in one line.
  crash_line &add_visible(const char *text) noexcept {
    put_visible(text, " ", [this](std::string_view part) noexcept {
      const std::size_t room = sizeof text_ - 1 - length_, count = part.size() < room ? part.size() : room;
      std::memcpy(text_ + length_, part.data(), count);
      length_ += count;
    });
    return *this;
  }
  ~crash_line() {
    if (length_ == sizeof text_ - 1) text_[length_ - 1] = '\n';
    static_cast<void>(!::write(fd_, text_, length_));
  }
  crash_line(const crash_line &) = delete;
  crash_line &operator=(const crash_line &) = delete;

 private:
  int fd_;
  char text_[crash_message_size + 128];  // the first line has some 60 bytes besides, and a path should fit
  std::size_t length_ = 0;
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CRASH_OUTPUT_HPP
