// SPDX-License-Identifier: BSL-1.0
/// @file crash_report.hpp
/// What is said of a crash that no guard takes, before the signal goes to whoever ends the process: Go shows its
/// goroutines but not the C++ stack, and of a thread that Go never saw it shows nothing at all.
///
/// In two steps, of which the first can't fail: what, where, registers, and addresses as module and offset, all of it
/// async-signal-safe. Then the names (crash_names.hpp).
#ifndef CGO_GUARD_CRASH_REPORT_HPP
#define CGO_GUARD_CRASH_REPORT_HPP

#include <sys/prctl.h>

#include "../fault/abort.hpp"
#include "../fault/decode.hpp"
#include "../fault/describe_fault.hpp"
#include "../fault/unknown_code.hpp"
#include "crash_names.hpp"
#include "crash_output.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

inline void write_call_site(const crash_output &out, std::uint64_t number, std::uintptr_t call_site) noexcept {
  crash_line line(out);
  line.add("  #%-3llu 0x%012lx", static_cast<unsigned long long>(number), static_cast<unsigned long>(call_site));
  libc::module_at module;
  if (module.find(call_site)) {
    line.add(" ").add_visible(module.is_main_program() ? "(main program)" : module.path());
    line.add("+0x%lx", static_cast<unsigned long>(call_site - module.bias()));
  }
  line.add("\n");
}

inline void write_registers(const crash_output &out, const ucontext_t &context) noexcept {
  arch::registers r;
  arch::from_ucontext(context, r);
  constexpr int in_a_line = 4;
  crash_line(out).add("Registers:\n");
  for (int i = 0; i < arch::register_count; i += in_a_line) {
    crash_line line(out);
    for (int j = i; j < arch::register_count && j < i + in_a_line; ++j) {
      line.add("  %-3s 0x%016lx", arch::register_name[j], static_cast<unsigned long>(r.value[j]));
    }
    line.add("\n");
  }
}

/// Collects the call sites from a fault outwards. @return whether the stack could be followed to its end, or to Go.
inline bool collect_call_sites(walk_start start, fault_facts &fault, frame_list &list) noexcept {
  const std::uintptr_t begin = start.call_site();
  if (list_first_frames(start, fault.bad_call, fault.pc, list) && start.call_site() == begin) return true;
  frame_cache cache;
  cursor position(start, cache);
  std::uint64_t seen = 0;
  int since_abort = -1;
  const auto collect = [&](std::uintptr_t call_site) noexcept {
    list.add(call_site);
    if (fault.signal == SIGABRT && seen < machinery_depth) notice_abort(call_site, since_abort, fault);
    ++seen;
  };
  const walk_end end = walk(position, [&](const frame_facts &, const cursor &at) noexcept {
    if (seen == 0) fault.stack_overflow = is_stack_overflow(fault, at.registers().sp(), at.cfa());
    collect(at.call_site());
    return true;
  });
  if (end == walk_end::unknown) collect(position.call_site());  // Go's frames, or code without tables
  return end == walk_end::unknown || end == walk_end::outermost;
}

/// In one line. glibc's own words where it was glibc that gave up: they went to stderr, and the report may go
/// elsewhere.
inline void describe_crash(const fault_facts &fault, std::uint64_t frames, char (&out)[crash_message_size]) noexcept {
  out[0] = 0;
  if (fault.from_libc) copy_abort_message(out, sizeof out);
  std::size_t length = std::strlen(out);
  while (length > 0 && out[length - 1] == '\n') out[--length] = 0;
  if (length == 0) decode_fault(fault, frames, out, sizeof out);
}

// Somebody may live on after each of them. A report is a stack, and a child of the process for its names.
constexpr int most_crashes_reported = 10;

/// @return whether a report is still due. The first that is not is told so.
inline bool may_report_another() noexcept {
  const int before = process.crashes_reported.fetch_add(1, std::memory_order_relaxed);
  if (before == most_crashes_reported) {
    const crash_output out;
    crash_line(out).add("cgo_guard: %d crashes have been reported. Nothing will be said of others.\n", before);
  }
  if (before > most_crashes_reported) process.crashes_reported.store(most_crashes_reported + 1);  // it must not wrap
  return before < most_crashes_reported;
}

/// What happened, and on which thread.
inline void write_what(const crash_output &out, const fault_facts &fault, std::uint64_t frames) noexcept {
  char what[crash_message_size], name[17] = "";  // PR_GET_NAME: 16 bytes with the terminator
  describe_crash(fault, frames, what);
  prctl(PR_GET_NAME, name);
  crash_line(out)
      .add("cgo_guard: %s: ", signal_name(fault.signal))
      .add_visible(what)
      .add(", on thread %ld (", static_cast<long>(syscall(SYS_gettid)))
      .add_visible(name)
      .add("), under no guard.\n");
}

/// Where. @param whole whether that is all of it.
inline void write_where(const crash_output &out, const void *const *frames, std::uint64_t total, bool whole) noexcept {
  const std::uint64_t kept = frames_kept(total), missing = frames_missing(total);
  crash_line(out).add("C++ call sites, innermost first (addr2line -e <module> <offset> names them):\n");
  for (std::uint64_t i = 0; i < kept; ++i) {
    if (missing != 0 && i == head_frames) {
      crash_line(out).add("  ... %llu frames left out ...\n", static_cast<unsigned long long>(missing));
    }
    write_call_site(out, i < head_frames ? i : i + missing, reinterpret_cast<std::uintptr_t>(frames[i]));
  }
  if (!whole) crash_line(out).add("  (the stack can't be followed further: it is damaged)\n");
}

/// Only for a fault of this thread's own C or C++.
inline void report_crash_here(int signal, const siginfo_t &info, const ucontext_t &context) noexcept {
  if (!is_synchronous(signal, info, context)) return;
  fault_facts fault;
  describe_fault(signal, info, context, fault);
  const walk_start start = start_of_walk(context, fault);
  if (!is_outside_go(start)) return;
  process.crashing.store(true, std::memory_order_relaxed);
  if (process.crash_fd.load(std::memory_order_relaxed) < 0 || !may_report_another()) return;

  const void *frames[max_frames];
  frame_list list(frames);
  const bool whole = collect_call_sites(start, fault, list);
  const std::uint64_t total = list.finish();

  const crash_output out;
  write_what(out, fault, total);
  write_where(out, frames, total, whole);
  write_registers(out, context);
  const std::uint64_t kept = frames_kept(total), missing = frames_missing(total);
  write_crash_names(out.fd(), frames, kept, static_cast<std::uint32_t>(missing != 0 ? head_frames : kept), missing);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CRASH_REPORT_HPP
