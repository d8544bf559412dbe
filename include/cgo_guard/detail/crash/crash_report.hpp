// SPDX-License-Identifier: BSL-1.0
/// @file crash_report.hpp
/// What is said of a crash that no guard takes, before the signal goes to whoever ends the process: Go shows its
/// goroutines but not the C++ stack, and of a thread that Go never saw it shows nothing at all.
///
/// In two steps, of which the first can't fail: what, where, registers, and addresses as module and offset, all of it
/// async-signal-safe. Then the names (crash_names.hpp).
#ifndef CGO_GUARD_CRASH_REPORT_HPP
#define CGO_GUARD_CRASH_REPORT_HPP

#include <cstdarg>
#include <cstdio>

#include <fcntl.h>
#include <sys/prctl.h>

#include "../fault/abort.hpp"
#include "../fault/decode.hpp"
#include "../fault/describe_fault.hpp"
#include "../fault/unknown_code.hpp"
#include "../stack/visible_text.hpp"
#include "crash_names.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Where the report goes: stderr, a file descriptor or a file. Opened at the crash, so that a file which was rotated
/// away is not written to.
class crash_output {
 public:
  crash_output() noexcept {
    const char *const name = process.crash_file.load(std::memory_order_acquire);
    if (*name == 0) return;
    const int file = ::open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file >= 0) fd_ = file;  // else stderr: a report in the wrong place is better than none
    opened_ = file >= 0;
  }
  ~crash_output() {
    if (opened_) ::close(fd_);
  }
  crash_output(const crash_output &) = delete;
  crash_output &operator=(const crash_output &) = delete;
  int fd() const noexcept { return fd_; }

 private:
  int fd_ = process.crash_fd.load(std::memory_order_relaxed);
  bool opened_ = false;
};

// As long as what is kept of an assertion under a guard (guard_record::note).
constexpr std::size_t crash_message_size = 512;

/// A line built in place and written at once, so that two threads that crash don't mix theirs within a line.
/// snprintf with integers and strings only: glibc's neither allocates nor locks for those.
class crash_line {
 public:
  explicit crash_line(const crash_output &out) noexcept : fd_(out.fd()) {}
  [[gnu::format(printf, 2, 3)]] crash_line &add(const char *format, ...) noexcept {
    va_list arguments;
    va_start(arguments, format);
    const int written = std::vsnprintf(text_ + length_, sizeof text_ - length_, format, arguments);
    va_end(arguments);
    if (written > 0) length_ += static_cast<std::size_t>(written);
    if (length_ >= sizeof text_) length_ = sizeof text_ - 1;
    return *this;
  }
  /// What others have written, escaped; in one line.
  crash_line &add_visible(const char *text) noexcept {
    put_visible(text, " ", [this](std::string_view part) noexcept {
      const std::size_t room = sizeof text_ - 1 - length_, count = part.size() < room ? part.size() : room;
      std::memcpy(text_ + length_, part.data(), count);
      length_ += count;
    });
    return *this;
  }
  ~crash_line() {
    if (length_ == sizeof text_ - 1) text_[length_ - 1] = '\n';
    static_cast<void>(!::write(fd_, text_, length_));
  }
  crash_line(const crash_line &) = delete;
  crash_line &operator=(const crash_line &) = delete;

 private:
  int fd_;
  char text_[crash_message_size + 128];  // the first line has some 60 bytes besides, and a path should fit
  std::size_t length_ = 0;
};

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

inline void write_registers(const crash_output &out, const arch::registers &r) noexcept {
  constexpr int in_a_line = 4;
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

/// Says what happened, on which thread, and where. Only for a fault of this thread's own C or C++.
inline void report_crash_here(int signal, const siginfo_t &info, const ucontext_t &context) noexcept {
  if (!is_synchronous(signal, info, context)) return;
  fault_facts fault;
  describe_fault(signal, info, context, fault);
  arch::registers at_fault;
  arch::from_ucontext(context, at_fault);
  const walk_start start = start_of_walk(at_fault, !arch::pc_is_after_trap(context), fault.bad_call);
  if (!is_outside_go(start)) return;
  process.crashing.store(true, std::memory_order_relaxed);
  if (process.crash_fd.load(std::memory_order_relaxed) < 0 || !may_report_another()) return;

  const void *frames[max_frames];
  frame_list list(frames);
  const bool whole = collect_call_sites(start, fault, list);
  const std::uint64_t total = list.finish();

  const crash_output out;
  char what[crash_message_size], name[17] = "";  // PR_GET_NAME: 16 bytes with the terminator
  describe_crash(fault, total, what);
  prctl(PR_GET_NAME, name);
  crash_line(out)
      .add("cgo_guard: %s: ", signal_name(signal))
      .add_visible(what)
      .add(", on thread %ld (", static_cast<long>(syscall(SYS_gettid)))
      .add_visible(name)
      .add("), under no guard.\n");
  crash_line(out).add("C++ call sites, innermost first (addr2line -e <module> <offset> names them):\n");
  const std::uint64_t kept = frames_kept(total), missing = frames_missing(total);
  for (std::uint64_t i = 0; i < kept; ++i) {
    if (missing != 0 && i == head_frames) {
      crash_line(out).add("  ... %llu frames left out ...\n", static_cast<unsigned long long>(missing));
    }
    write_call_site(out, i < head_frames ? i : i + missing, reinterpret_cast<std::uintptr_t>(frames[i]));
  }
  if (!whole) crash_line(out).add("  (the stack can't be followed further: it is damaged)\n");
  crash_line(out).add("Registers:\n");
  write_registers(out, at_fault);
  write_crash_names(out.fd(), frames, kept, static_cast<std::uint32_t>(missing != 0 ? head_frames : kept), missing);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CRASH_REPORT_HPP
