// SPDX-License-Identifier: BSL-1.0
/// @file roomy_stack.hpp
/// A large stack for work that needs one, where the thread has little left: threads may have 16 KiB in all, musl's have
/// 128, fibers anything.
#ifndef CGO_GUARD_ROOMY_STACK_HPP
#define CGO_GUARD_ROOMY_STACK_HPP

#include <type_traits>

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../runtime/guarded_stack.hpp"
#include "../runtime/held_cancellation.hpp"
#include "../unwind/scan.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

// Looking up names takes 20 KiB with symbol tables, and with libdw 130 to 250 for the first stack of a program. A line
// on stderr takes 9, as glibc gives a stream that has no buffer one of its own for the moment (buffered_vfprintf).
constexpr std::size_t enough_room = 512 * 1024;
constexpr std::size_t roomy_stack_size = 1024 * 1024;

/// What is left of the stack that we are on; 0 where that is not the thread's own, of which nothing is known.
/// Takes no file: for the main thread, whose stack grows to 8 MiB almost everywhere, glibc would read /proc.
[[gnu::noinline]] inline std::size_t room_left() noexcept {
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  const bool main_thread = syscall(SYS_gettid) == getpid();
  if (stack_top(here, main_thread) == 0) return 0;
  if (main_thread) return enough_room;
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return 0;
  void *lowest = nullptr;
  std::size_t size = 0;
  pthread_attr_getstack(&attributes, &lowest, &size);
  pthread_attr_destroy(&attributes);
  const std::uintptr_t above = here - reinterpret_cast<std::uintptr_t>(lowest);
  return above < size ? above : 0;
}

/// Calls work(), which throws nothing and is not cancelled, where there is room for it. Without memory for that, right
/// here.
template <class Work>
void with_roomy_stack(Work &&work) noexcept {
  const held_cancellation held;
  if (room_left() >= enough_room) {
    work();
    return;
  }
  const temporary_stack<roomy_stack_size> stack;
  if (!stack) {
    work();
    return;
  }
  arch::cgo_guard_v1_call_on([](void *body) noexcept { (*static_cast<std::remove_reference_t<Work> *>(body))(); },
                             &work, stack.top());
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ROOMY_STACK_HPP
