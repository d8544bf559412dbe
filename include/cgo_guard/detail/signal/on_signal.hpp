// SPDX-License-Identifier: BSL-1.0
/// @file on_signal.hpp
/// The signal handler.
#ifndef CGO_GUARD_ON_SIGNAL_HPP
#define CGO_GUARD_ON_SIGNAL_HPP

#include <cerrno>

#include "ask_first.hpp"
#include "forward.hpp"
#include "take_fault.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// If our own probing access faulted, lets it return "can't be read", or written.
inline bool excuse_own_read(ucontext_t &context) noexcept {
  const auto is_between = [at = arch::pc_of(context)](const char *begin, const char *end) noexcept {
    return at >= reinterpret_cast<std::uintptr_t>(begin) && at < reinterpret_cast<std::uintptr_t>(end);
  };
  if (!is_between(arch::cgo_guard_v1_load_begin, arch::cgo_guard_v1_load_end) &&
      !is_between(arch::cgo_guard_v1_touch_begin, arch::cgo_guard_v1_touch_end)) {
    return false;
  }
  arch::set_pc(context, reinterpret_cast<std::uintptr_t>(arch::cgo_guard_v1_load_failed));
  return true;
}

/// take_fault where there is room for it. Without room the fault is nobody's.
inline bool take_fault_with_room(int signal, const siginfo_t &info, ucontext_t &context) noexcept {
  bool taken = false;
  with_room(context, [&]() noexcept { taken = take_fault(signal, info, context); });
  return taken;
}

/// Takes the signal, or hands it down.
inline void decide(const delivery &d) noexcept {
  const int saved_errno = errno;
  if (interrupts_our_handler(d.context)) {
    forward_interruption(d);
  } else if (!is_answered_by_neighbour(d) && !take_fault_with_room(d.signal, *d.info, d.context)) {
    errno = saved_errno;
    forward(d);
  }
  errno = saved_errno;
}

/// It takes little of the stack that it is called on, which may be of any size (handler_stack.hpp).
inline void on_signal(int signal, siginfo_t *info, void *context) noexcept {
  arch::clear_alignment_check();
  const void *const frame = reinterpret_cast<const void *>(arch::address_in_this_frame());
  auto &interrupted = *static_cast<ucontext_t *>(context);
  if (excuse_own_read(interrupted)) return;
  const bool from_kernel = arch::called_by_kernel(frame, __builtin_return_address(0), context);
  if (from_kernel && process.mode.load(std::memory_order_relaxed) == process_mode::ready) {
    decide({signal, info, interrupted, frame, true});
    return;
  }
  // The mask may be that of a neighbour who called us, or jumped here, which looks like the kernel.
  const signal_mask during(every_signal);
  decide({signal, info, interrupted, frame, from_kernel});
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ON_SIGNAL_HPP
