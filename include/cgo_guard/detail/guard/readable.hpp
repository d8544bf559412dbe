// SPDX-License-Identifier: BSL-1.0
/// @file readable.hpp
/// Whether memory can be read, asked in ordinary context of a pointer that somebody else has handed in.
#ifndef CGO_GUARD_READABLE_HPP
#define CGO_GUARD_READABLE_HPP

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <sys/syscall.h>
#include <unistd.h>

#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// By a system call that reads eight bytes and then finds that it was asked for nothing: the kernel copies the mask
/// before it looks at what is to be done with it (kernel/signal.c, rt_sigprocmask). No handler has to be installed for
/// it, no filter of system calls forbids it, and nobody has to be on top of anybody.
inline bool is_word_readable(std::uintptr_t address) noexcept {
  constexpr int no_such_operation = ~0;
  constexpr std::size_t mask_size = 8;  // the kernel's sigset_t
  const int before = errno;
  const bool fault =
      syscall(SYS_rt_sigprocmask, no_such_operation, address, nullptr, mask_size) != 0 && errno == EFAULT;
  errno = before;
  return !fault;
}

/// @param size at least 8, at most a page: then no page lies between its first and its last word.
inline bool is_readable(const void *memory, std::size_t size) noexcept {
  const auto first = reinterpret_cast<std::uintptr_t>(memory);
  return memory != nullptr && is_word_readable(first) && is_word_readable(first + size - sizeof(std::uint64_t));
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_READABLE_HPP
