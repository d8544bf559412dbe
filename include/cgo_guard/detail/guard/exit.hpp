// SPDX-License-Identifier: BSL-1.0
/// @file exit.hpp
/// exit() and its kin under a guard, where the user opts in (cgo_guard_options::catch_exit): they become an error with
/// the status, and the destructors between the call and the guard run. Anywhere else they do what they always did.
///
///     guarded block        <- CGO_GUARD_EXIT, number is the status
///       frame with a lock  <- its landing pad, as for a fault (unwind.hpp)
///         exit(2)          <- the function below; nothing of libc's exit has begun yet
///
/// These are definitions that come before libc's, like those of interpose.hpp and under the same conditions: weak, so
/// that a program with its own exit keeps it; CGO_GUARD_NO_INTERPOSE leaves them out. A function of libc that exits by
/// itself calls its own exit, which nobody can come before; of these, err and its like are here as well.
#ifndef CGO_GUARD_EXIT_HPP
#define CGO_GUARD_EXIT_HPP

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include <err.h>

#include "../state/sanitizer.hpp"
#include "originals.hpp"
#include "terminate.hpp"

#if !CGO_GUARD_HAS_SANITIZER && !defined(CGO_GUARD_NO_INTERPOSE)

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Whether a frame is that of the program's exit. It is ours, unless libc was linked statically: then it is libc's,
/// whose last deed is to call our _exit, when all handlers have run.
inline bool is_exit_under_way(std::uintptr_t call_site) noexcept {
  frame_description exit_itself;
  return find_frame_description(reinterpret_cast<std::uintptr_t>(&::exit), exit_itself) &&
         call_site >= exit_itself.begin && call_site < exit_itself.end;
}

/// A call of one of the functions below.
struct exit_call {
  const char *function;
  int status;
  bool nothrow;          ///< libc declares it as not throwing, so compilers record no cleanup for the call
  std::uintptr_t frame;  ///< an address in it
};

/// What was noted for an abort that did not come is not about the exit that does.
inline void drop_note(const guard_frame &guard) noexcept {
  if ((guard.state() & state_noted) != 0) {
    std::free(guard.record().noted_name);
    std::free(guard.record().noted_what);
  }
  guard.state() = 0;
}

/// What a walk finds out of an exit.
class exit_walk {
 public:
  explicit exit_walk(const exit_call &call) noexcept : call_(call) {}
  exit_walk(const exit_walk &) = delete;
  exit_walk &operator=(const exit_walk &) = delete;

  /// For each frame, innermost first: of interest are those from the caller of exit on.
  void visit(const frame_facts &facts, const cursor &at) noexcept {
    if (cfa == 0) {
      if (at.cfa() > call_.frame) cfa = at.cfa();
      return;
    }
    frames.add(at.call_site());
    // It cleans up in other places, and of this one it was told that there is no need.
    if (frames.count() == 1 && call_.nothrow) {
      caller_may_hold = facts.personality != 0 && facts.pad.kind == pad_kind::none;
    }
    // So does a signal handler that exits: not the block that it happened to interrupt. Besides, it can only be left by
    // returning from it.
    if (facts.signal_frame || is_exit_under_way(at.call_site())) means_the_process = true;
  }

  frame_list frames{storage_};
  std::uintptr_t cfa = 0;  ///< of the function that exits
  bool means_the_process = false, caller_may_hold = false;

 private:
  const exit_call &call_;
  const void *storage_[max_frames];
};

/// Whether an exit may be anything but the end of the process.
inline bool exits_are_caught() noexcept {
  if (!process.catch_exit.load(std::memory_order_relaxed)) return false;
  if (process.mode.load(std::memory_order_relaxed) == process_mode::cold) return false;
  // A child of fork or vfork has its parent's stack and calls _exit so as not to return into it.
  return getpid() == process.process_id;
}

/// Takes an exit if it is a guard's: fills the guard's record.
/// @return the record, for leave_by_exit; or nullptr where exit is exit, and then nothing has been changed.
[[gnu::noinline]] inline guard_record *begin_exit(const exit_call &call) noexcept {
  if (!exits_are_caught()) return nullptr;
  frame_cache cache;
  const arch::registers here = registers_here();
  cursor position(here, false, cache);
  exit_walk walk(call);
  const found_guard guard =
      find_guard(position, cache, [&](const frame_facts &facts, const cursor &at) noexcept { walk.visit(facts, at); });
  if (walk.means_the_process || !guard) return nullptr;

  guard_record &record = guard.record();
  if ((guard.state() & state_failed) != 0) {
    // A destructor that runs because of a fault, or of another exit. The rest of its frame is lost, the frames above
    // are not.
    record.stacks.add(guard.stacks);
    ++record.skipped;
    continue_unwinding(record, true);
  }
  drop_note(guard);
  fault_facts fault{};
  fault.exited_by = call.function;
  fault.exit_status = call.status;
  fault.walked = guard.walked;
  begin_failure(guard, {fault, here, walk.frames, walk.caller_may_hold ? std::uint64_t{1} : 0, walk.cfa});
  forget_frames(guard.stacks);
  return &record;
}

/// To the first landing pad above the call of exit, or to the guard.
[[noreturn, gnu::noinline]] inline void leave_by_exit(guard_record &record) noexcept {
  if (record.fault.walked) continue_unwinding(record, true);
  arch::registers target = registers_here();
  set_guard_registers(guard_frame(record.guard_cfa), &record, target);
  arch::cgo_guard_v1_resume(&target);
}

[[noreturn]] inline void end_process(int status) noexcept {
  for (;;) syscall(SYS_exit_group, status);
}

/// The exit or quick_exit behind ours. A static program has none to be found by name. With a recent glibc its exit is
/// libc's own, because atexit brings it in; otherwise what it does is done here, as far as libc lets anybody do it.
[[noreturn]] CGO_GUARD_OF_THIS_MODULE inline void really_exit(original &behind, int status) noexcept {
  using exit_function = void (*)(int) noexcept;  // noexcept, so that no frame of ours is in the way of an exception
  if (auto *const original = behind.as<exit_function>()) original(status);
  if (&behind == &originals.exit) {
    libc::run_exit_handlers();
    std::fflush(nullptr);
  } else {
    libc::run_quick_exit_handlers(status);
  }
  end_process(status);
}

/// verr and verrx under a guard: the text becomes the error's message. Returns outside of one.
inline void exit_with_text(const exit_call &call, const char *format, va_list arguments, const char *reason) noexcept {
  guard_record *const record = begin_exit(call);
  if (record == nullptr) return;
  int length = 0;
  if (format != nullptr) length = std::vsnprintf(record->note, sizeof record->note, format, arguments);
  if (reason != nullptr && length >= 0 && static_cast<std::size_t>(length) < sizeof record->note) {
    std::snprintf(record->note + length, sizeof record->note - static_cast<std::size_t>(length), "%s%s",
                  length > 0 ? ": " : "", reason);
  }
  leave_by_exit(*record);
}

/// What err.h's functions do, by the next verr or verrx; in a static program by hand.
[[noreturn]] CGO_GUARD_OF_THIS_MODULE inline void really_exit_with_text(original &behind, int status,
                                                                        const char *format, va_list arguments,
                                                                        int error) noexcept {
  errno = error;
  using verr_function = void (*)(int, const char *, va_list);
  if (auto *const original = behind.as<verr_function>()) original(status, format, arguments);
  std::fprintf(stderr, "%s: ", program_invocation_short_name);
  if (format != nullptr) std::vfprintf(stderr, format, arguments);
  if (&behind == &originals.verr) std::fprintf(stderr, "%s%s", format != nullptr ? ": " : "", std::strerror(error));
  std::fputc('\n', stderr);
  std::exit(status);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#define CGO_GUARD_INTERPOSER extern "C" __attribute__((noreturn, weak, used, visibility("default")))

// The exception specifications are those of libc's declarations.
CGO_GUARD_INTERPOSER void exit(int status) CGO_GUARD_LIBC_NOTHROW {
  using namespace cgo_guard::detail;
  if (guard_record *record = begin_exit({"exit", status, libc::exit_is_nothrow, arch::address_in_this_frame()}))
    leave_by_exit(*record);
  really_exit(originals.exit, status);
}

CGO_GUARD_INTERPOSER void quick_exit(int status) CGO_GUARD_LIBC_NOTHROW {
  using namespace cgo_guard::detail;
  if (guard_record *record = begin_exit({"quick_exit", status, libc::exit_is_nothrow, arch::address_in_this_frame()}))
    leave_by_exit(*record);
  really_exit(originals.quick_exit, status);
}

CGO_GUARD_INTERPOSER void _Exit(int status) CGO_GUARD_LIBC_NOTHROW {
  using namespace cgo_guard::detail;
  if (guard_record *record = begin_exit({"_Exit", status, libc::exit_is_nothrow, arch::address_in_this_frame()}))
    leave_by_exit(*record);
  end_process(status);
}

CGO_GUARD_INTERPOSER void _exit(int status) {
  using namespace cgo_guard::detail;
  if (guard_record *record = begin_exit({"_exit", status, false, arch::address_in_this_frame()}))
    leave_by_exit(*record);
  end_process(status);
}

CGO_GUARD_INTERPOSER void verr(int status, const char *format, va_list arguments) {
  using namespace cgo_guard::detail;
  const int error = errno;
  exit_with_text({"verr", status, false, arch::address_in_this_frame()}, format, arguments, std::strerror(error));
  really_exit_with_text(originals.verr, status, format, arguments, error);
}

CGO_GUARD_INTERPOSER void verrx(int status, const char *format, va_list arguments) {
  using namespace cgo_guard::detail;
  exit_with_text({"verrx", status, false, arch::address_in_this_frame()}, format, arguments, nullptr);
  really_exit_with_text(originals.verrx, status, format, arguments, errno);
}

CGO_GUARD_INTERPOSER void err(int status, const char *format, ...) {
  using namespace cgo_guard::detail;
  const int error = errno;
  va_list arguments;
  va_start(arguments, format);
  exit_with_text({"err", status, false, arch::address_in_this_frame()}, format, arguments, std::strerror(error));
  really_exit_with_text(originals.verr, status, format, arguments, error);
}

CGO_GUARD_INTERPOSER void errx(int status, const char *format, ...) {
  using namespace cgo_guard::detail;
  va_list arguments;
  va_start(arguments, format);
  exit_with_text({"errx", status, false, arch::address_in_this_frame()}, format, arguments, nullptr);
  really_exit_with_text(originals.verrx, status, format, arguments, errno);
}

#undef CGO_GUARD_INTERPOSER

#endif  // no sanitizer

#endif  // CGO_GUARD_EXIT_HPP
