// SPDX-License-Identifier: BSL-1.0
/// @file tripwire.hpp
/// Notices calls of functions that may not be called in a signal handler, or not by a guard that succeeds. They are
/// defined in this program (tripwire.cpp), so every call in it and in the libraries it loads comes by here; calls that
/// glibc makes inside itself do not, but those begin with one that does.
#ifndef CGO_GUARD_TESTS_TRIPWIRE_TRIPWIRE_HPP
#define CGO_GUARD_TESTS_TRIPWIRE_TRIPWIRE_HPP

#include <cstddef>
#include <string>

namespace tripwire {

/// While one lives, calls on this thread are noticed that are made with the stack pointer in the given memory, or in
/// one of the stacks on which the library's signal handler does its work.
class watch {
 public:
  watch(const void *stack, std::size_t size) noexcept;
  watch() noexcept;  ///< wherever the stack pointer is
  ~watch();
  watch(const watch &) = delete;
  watch &operator=(const watch &) = delete;

  /// The names of the functions that were called, each followed by a blank. Ends the watch.
  std::string calls();
};

/// The same without any of the functions that are watched, for a handler: the name of the first, or "nothing".
const char *first_call() noexcept;

/// The signal stack of this thread, as large as the Go runtime makes it, and back to the old one in the end.
class signal_stack {
 public:
  signal_stack();
  ~signal_stack();
  signal_stack(const signal_stack &) = delete;
  signal_stack &operator=(const signal_stack &) = delete;

  const void *begin() const noexcept { return memory_; }
  static constexpr std::size_t size = 32 * 1024;

 private:
  void *memory_;
};

}  // namespace tripwire

#endif  // CGO_GUARD_TESTS_TRIPWIRE_TRIPWIRE_HPP
