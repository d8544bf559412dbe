// SPDX-License-Identifier: BSL-1.0
/// @file signal_set.hpp
/// Signals and masks as the kernel has them, and what it says of a signal that an instruction has raised.
/// Async-signal-safe.
#ifndef CGO_GUARD_SIGNAL_SET_HPP
#define CGO_GUARD_SIGNAL_SET_HPP

#include <csignal>
#include <cstdint>
#include <cstring>

#include <sys/syscall.h>
#include <unistd.h>

#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// A set of signals as the kernel has it.
constexpr std::uint64_t signal_bit(int signal) { return std::uint64_t{1} << (signal - 1); }

/// The kernel's part of libc's larger set.
inline std::uint64_t kernel_set(const sigset_t &set) noexcept {
  std::uint64_t bits;
  std::memcpy(&bits, &set, sizeof bits);
  return bits;
}

constexpr std::uint64_t every_signal = ~std::uint64_t{0};

/// A signal mask for as long as this lives. By system call: libc's function leaves its own signals out, and the kernel
/// doesn't.
class signal_mask {
 public:
  explicit signal_mask(std::uint64_t mask) noexcept {
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, &before_, sizeof mask);
  }
  ~signal_mask() { syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, sizeof before_); }
  signal_mask(const signal_mask &) = delete;
  signal_mask &operator=(const signal_mask &) = delete;

 private:
  std::uint64_t before_ = 0;
};

/// Whether a signal comes from an instruction, which is the cause of another one as long as nobody does anything about
/// it. One that was sent does not come again; nor does the news of memory that has gone bad somewhere (signal(7)).
inline bool is_raised_by_instruction(int signal, const siginfo_t &info) noexcept {
  return info.si_code > 0 && !(signal == SIGBUS && info.si_code == BUS_MCEERR_AO);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_SIGNAL_SET_HPP
