// SPDX-License-Identifier: BSL-1.0
/// @file traceback.hpp
/// C++ frames in Go's own tracebacks and CPU profiles: two of the three functions that runtime.SetCgoTraceback takes.
/// The third, which names frames, is in traceback_names.hpp. They are registered by cgoguard.EnableTraceback only, so
/// that the Go package's bridge.cpp alone includes this.
///
/// Go calls these two in its signal handler, for every signal of a thread that is in C, and at every entry from C. So
/// there is no lock here, no allocation, and no state: a context is one word that says where the stack goes on.
#ifndef CGO_GUARD_TRACEBACK_HPP
#define CGO_GUARD_TRACEBACK_HPP

#include "../../abi.h"
#include "../../config.hpp"

#if !CGO_GUARD_HAS_SIGNALS

CGO_GUARD_C_API void cgo_guard_traceback(cgo_guard_traceback_argument *) {}
CGO_GUARD_C_API void cgo_guard_traceback_context(cgo_guard_traceback_context_argument *) {}
CGO_GUARD_C_API void cgo_guard_symbolize(cgo_guard_symbolizer_argument *) {}
CGO_GUARD_C_API const char *cgo_guard_prepare_traceback(void) {
  return "signals are not guarded here, and what walks a C++ stack in Go's signal handler is a part of their guard";
}

#else

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>

#include <sys/ucontext.h>

#include "../guard/entry.hpp"
#include "traceback_names.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Lets the reads of a walk fail while it lasts. Go's handler blocks all signals, and a fault that is blocked ends the
/// process on the spot: a smashed frame would take Go's crash report away.
class faults_unblocked {
 public:
  faults_unblocked() noexcept {
    sigset_t faults;
    sigemptyset(&faults);
    sigaddset(&faults, SIGSEGV);
    sigaddset(&faults, SIGBUS);
    changed_ = pthread_sigmask(SIG_UNBLOCK, &faults, &before_) == 0;
  }
  ~faults_unblocked() {
    if (changed_) pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  faults_unblocked(const faults_unblocked &) = delete;
  faults_unblocked &operator=(const faults_unblocked &) = delete;

 private:
  sigset_t before_;
  bool changed_;
};

/// Walks until a frame that can't be described, which is Go's, and writes call sites for Go: a zero ends them.
inline void write_call_sites(cursor &position, std::uintptr_t *out, std::uintptr_t at, std::uintptr_t max) noexcept {
  const auto write = [&](const frame_facts &facts, const cursor &frame) noexcept {
    if (!is_guard(facts)) out[at++] = frame.call_site();  // the trampoline's frame tells nobody anything
    return at < max;
  };
  if (at < max) walk(position, write);
  if (at < max) out[at] = 0;
}

/// Async-signal-safe.
inline void trace_signal(const ucontext_t &context, std::uintptr_t *out, std::uintptr_t max) noexcept {
  arch::registers interrupted;
  arch::from_ucontext(context, interrupted);
  const std::uintptr_t pc = interrupted.pc();
  const bool exact = !arch::is_behind_breakpoint(context);
  const bool bad_call = max > 1 && arch::is_bad_call(context);
  std::uintptr_t used = 0;
  if (bad_call && pc != 0) out[used++] = pc;  // a zero would end the list
  frame_cache cache;
  cursor position(start_of_walk(interrupted, exact, bad_call), cache);
  write_call_sites(position, out, used, max);
}

/// For a stack that C++ left towards Go; `context` is from note_entry_into_go.
inline void trace_context(std::uintptr_t context, std::uintptr_t *out, std::uintptr_t max) noexcept {
  arch::registers start{};
  if (!arch::unpack_caller(context, start)) {
    out[0] = 0;
    return;
  }
  frame_cache cache;
  cursor position(start, false, cache);
  write_call_sites(position, out, 0, max);
}

/// Above its caller, which is an entry point for Go, not for readers.
[[gnu::noinline]] inline void trace_here(std::uintptr_t *out, std::uintptr_t max) noexcept {
  frame_cache cache;
  cursor position(registers_here(), false, cache);
  if (leave_frames(position, 2)) {
    write_call_sites(position, out, 0, max);
  } else {
    out[0] = 0;
  }
}

/// The context of an entry from C into Go: where the caller of the exported function stands. Its frame and those above
/// stay as they are until the Go function has returned, so this one word is enough, and there is nothing to release,
/// not even when a panic goes past the frames and Go never says that they are gone.
[[gnu::noinline]] inline std::uintptr_t note_entry_into_go() noexcept {
  frame_cache cache;
  cursor position(registers_here(), false, cache);
  // This function, the one that Go calls, _cgo_wait_runtime_init_done, and cgo's stub of the exported function.
  return leave_frames(position, 4) ? arch::pack_caller(position.registers()) : 0;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

CGO_GUARD_C_API void cgo_guard_traceback(cgo_guard_traceback_argument *argument) {
  using namespace cgo_guard::detail;
  if (argument->max == 0) return;
  const int saved_errno = errno;
  {
    const faults_unblocked readable;
    if (argument->signal_context != 0) {
      trace_signal(*reinterpret_cast<const ucontext_t *>(argument->signal_context), argument->buffer, argument->max);
    } else if (argument->context != 0) {
      trace_context(argument->context, argument->buffer, argument->max);
    } else {
      trace_here(argument->buffer, argument->max);
    }
  }
  errno = saved_errno;
}

CGO_GUARD_C_API void cgo_guard_traceback_context(cgo_guard_traceback_context_argument *argument) {
  if (argument->context == 0) argument->context = cgo_guard::detail::note_entry_into_go();
}

CGO_GUARD_C_API void cgo_guard_symbolize(cgo_guard_symbolizer_argument *argument) {
  cgo_guard::detail::name_for_go(*argument);
}

CGO_GUARD_C_API const char *cgo_guard_prepare_traceback(void) {
  using namespace cgo_guard::detail;
  be_ready();  // the handlers are what lets a read fail
  start_crash_namer();
  return nullptr;
}

#endif  // CGO_GUARD_HAS_SIGNALS
#endif  // CGO_GUARD_TRACEBACK_HPP
