// SPDX-License-Identifier: BSL-1.0
/// @file scan.hpp
/// Finds the guard on a stack that can't be walked: a smashed return address, code without unwind tables.
/// Async-signal-safe.
#ifndef CGO_GUARD_SCAN_HPP
#define CGO_GUARD_SCAN_HPP

#include "unwind.hpp"

// In every cgo program: the Go runtime's way in from C. Its return address on a stack means that Go frames lie above.
extern "C" void crosscall2(void (*)(void *), void *, int, std::size_t) __attribute__((weak));
extern "C" void *__libc_stack_end __attribute__((weak));

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// The upper end of the current thread's stack, or 0 where `sp` isn't on it (a goroutine, a fiber, a signal stack).
/// glibc places a thread's control block at the top of its stack; the main thread's top is in __libc_stack_end.
/// pthread_getattr_np would know more, but reads /proc for the main thread and takes a lock.
inline std::uintptr_t stack_top(std::uintptr_t sp, bool main_thread) noexcept {
  std::uintptr_t top = arch::thread_pointer();
  if (main_thread) top = &__libc_stack_end != nullptr ? reinterpret_cast<std::uintptr_t>(__libc_stack_end) : 0;
  // Larger stacks exist (`ulimit -s unlimited`), but a frame further away than this was not called by cgo.
  constexpr std::uintptr_t plausible = std::uintptr_t{1} << 30;
  return sp < top && top - sp < plausible ? top : 0;
}

/// Looks upward from `sp` for a live trampoline, by its canary and the canary's own address below it. Not by its return
/// address: that may be the very word that was smashed.
/// @return empty if there is none, or if Go frames lie between: those must never be jumped over.
inline guard_frame scan_for_guard(std::uintptr_t sp, bool main_thread) noexcept {
  const std::uintptr_t top = stack_top(sp, main_thread);
  const auto go_entry = reinterpret_cast<std::uintptr_t>(&crosscall2);
  // crosscall2 is 100 to 200 bytes of assembly; its one return address is inside. A pointer to its start is data.
  constexpr std::uintptr_t go_entry_size = 256;
  std::uintptr_t previous = 0;
  for (std::uintptr_t at = (sp + 7) & ~std::uintptr_t{7}; at < top; at += sizeof(std::uintptr_t)) {
    std::uintptr_t word = 0;
    if (arch::cgo_guard_v1_load(at, &word) == 0) return guard_frame{};
    if (go_entry != 0 && word > go_entry && word - go_entry < go_entry_size) return guard_frame{};
    if (previous == at && arch::canary_of_any_version(word)) {
      return guard_at(at - static_cast<std::uintptr_t>(arch::canary_offset), word);
    }
    previous = word;
  }
  return guard_frame{};
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_SCAN_HPP
