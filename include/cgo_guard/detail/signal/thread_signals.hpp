// SPDX-License-Identifier: BSL-1.0
/// @file thread_signals.hpp
/// What a thread needs so that its faults can be taken: those signals not blocked, and a stack for them.
#ifndef CGO_GUARD_THREAD_SIGNALS_HPP
#define CGO_GUARD_THREAD_SIGNALS_HPP

#include "../../contract.hpp"
#include "../runtime/libc.hpp"
#include "alternate_stack.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

// A thread that has one of these blocked dies of its fault: the kernel can't hold it back, and resets the handler
// (kernel/signal.c, force_sig_info_to_task). Not SIGABRT: abort() lets it in by itself, and a SIGABRT from outside may
// be meant for the thread that waits for it. Where abort() does not let it in, that one loses.
constexpr int fault_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

/// Those that a thread which is ready for its faults must not block.
inline void add_signals_to_let_in(sigset_t &set) noexcept {
  for (int signal : fault_signals) sigaddset(&set, signal);
  if (!libc::abort_lets_its_signal_in) sigaddset(&set, SIGABRT);
}

/// How many of them the calling thread has blocked.
inline std::uint32_t count_blocked_signals() noexcept {
  sigset_t mask;
  if (pthread_sigmask(SIG_SETMASK, nullptr, &mask) != 0) return 0;
  std::uint32_t count = 0;
  for (int signal : fault_signals) count += sigismember(&mask, signal) == 1 ? 1U : 0U;
  return count;
}

/// @param before the mask as it was.
inline void unblock_fault_signals(sigset_t &before) noexcept {
  sigset_t faults;
  sigemptyset(&faults);
  add_signals_to_let_in(faults);
  pthread_sigmask(SIG_UNBLOCK, &faults, &before);
}

/// Blocks again what unblock_fault_signals has let in.
inline void block_fault_signals_again(const sigset_t &before) noexcept {
  sigset_t let_in, again;
  sigemptyset(&let_in);
  sigemptyset(&again);
  add_signals_to_let_in(let_in);
  bool any = false;
  for (int signal = 1; signal <= SIGSYS; ++signal) {
    if (sigismember(&let_in, signal) != 1 || sigismember(&before, signal) != 1) continue;
    sigaddset(&again, signal);
    any = true;
  }
  if (any) pthread_sigmask(SIG_BLOCK, &again, nullptr);
}

/// A thread that is ready for its faults as long as this lives. Mask and a small stack are somebody else's, and are put
/// back; where there was no stack, ours stays until the thread ends.
class ready_for_faults {
 public:
  ready_for_faults() noexcept {
    const int saved_errno = errno;
    unblock_fault_signals(mask_before_);
    if (!provide_alternate_stack(stack_before_)) stack_before_.ss_flags = SS_DISABLE;
    errno = saved_errno;
  }
  ~ready_for_faults() {
    const int saved_errno = errno;
    put_alternate_stack_back(stack_before_);
    block_fault_signals_again(mask_before_);
    errno = saved_errno;
  }
  ready_for_faults(const ready_for_faults &) = delete;
  ready_for_faults &operator=(const ready_for_faults &) = delete;

 private:
  sigset_t mask_before_;
  stack_t stack_before_ = {};
};

}  // namespace detail

CGO_GUARD_NAMESPACE_END

extern "C" __attribute__((used)) inline bool cgo_guard_v1_prepare_thread(void) noexcept {
  using namespace cgo_guard::detail;
  const int saved_errno = errno;
  sigset_t mask_before;
  stack_t stack_before;
  unblock_fault_signals(mask_before);
  const bool done = provide_alternate_stack(stack_before);
  errno = saved_errno;
  return done;
}

#endif  // CGO_GUARD_THREAD_SIGNALS_HPP
