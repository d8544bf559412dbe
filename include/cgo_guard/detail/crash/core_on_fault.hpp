// SPDX-License-Identifier: BSL-1.0
/// @file core_on_fault.hpp
/// A core of a fault that a guard takes: the process is copied as it stands in the signal handler, before anything is
/// unwound, and the copy writes itself into a file while the process goes on.
///
/// The handler makes a file and a child, and waits for neither. What it knows of one core is a page that it shares with
/// the child and that stays for ever, because errors refer to the name in it. There are few: their number is limited.
#ifndef CGO_GUARD_CORE_ON_FAULT_HPP
#define CGO_GUARD_CORE_ON_FAULT_HPP

#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>

#include "../state/process.hpp"
#include "child.hpp"
#include "core_file.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

// A file system that hangs must not keep a copy of the process for ever. A core of 1 GB takes two seconds
// (docs/crashes.md).
constexpr long core_patience_s = 60;

/// What was configured. Never changed and never freed: the handler may be reading it.
struct core_settings {
  char directory[512];
  std::uint64_t most, every_ns, max_bytes;
};

enum class core_result : int { none, written, failed };

/// One core. Shared with the child.
struct core_job {
  std::atomic<core_result> result;
  char failure[1024];    ///< why there is none; valid when `result` says so
  int owner;             ///< the process that it is a core of
  std::uint64_t begun;   ///< ns of CLOCK_MONOTONIC
  char path[640];        ///< its name when it is complete
  char unfinished[656];  ///< its name until then
  std::atomic<pid_t> child;
  std::atomic<bool> is_being_asked;  ///< somebody is in has_ended
  std::atomic<bool> ended;           ///< the child is no more
};

struct core_state {
  std::atomic<const core_settings *> settings{nullptr};
  std::atomic<core_job *> last{nullptr};
  std::atomic<std::uint64_t> begun{0}, refused{0}, failed{0};
  std::atomic<const char *> failure{nullptr};  ///< of the last that failed
};

CGO_GUARD_CONSTINIT inline core_state cores;

inline void end_core_job(core_job &job) noexcept {
  if (job.result.load(std::memory_order_acquire) != core_result::written) {
    syscall(SYS_unlinkat, AT_FDCWD, job.unfinished, 0);
    cores.failed.fetch_add(1, std::memory_order_relaxed);
    cores.failure.store(job.failure, std::memory_order_release);
  }
  job.ended.store(true, std::memory_order_release);
}

/// Async-signal-safe.
inline void describe_core_failure(core_job &job, const char *step, int number) noexcept {
  const char *const text = number != 0 ? libc::description_of(number) : nullptr;
  if (text != nullptr) {
    std::snprintf(job.failure, sizeof job.failure, "%s: %s: %s", job.path, step, text);
  } else if (number != 0) {
    std::snprintf(job.failure, sizeof job.failure, "%s: %s: errno %d", job.path, step, number);
  } else {
    std::snprintf(job.failure, sizeof job.failure, "%s: %s", job.path, step);
  }
  job.result.store(core_result::failed, std::memory_order_release);
}

/// Whether the child of a core is gone, and its process table entry given back. Never waits.
inline bool has_ended(core_job &job) noexcept {
  if (job.owner != getpid()) return true;  // this is a fork, and that is the parent's child
  if (job.ended.load(std::memory_order_acquire)) return true;
  const pid_t child = job.child.load(std::memory_order_acquire);
  if (child == 0) return false;  // it is being made
  // One at a time: once it has been waited for, its number may be somebody else's.
  if (job.is_being_asked.exchange(true, std::memory_order_acquire)) return false;
  if (!job.ended.load(std::memory_order_acquire)) {
    int status = 0;
    // __WALL: it sends no signal at its end, and only so is it found. Not waitpid, which is a cancellation point.
    const long got = syscall(SYS_wait4, child, &status, __WALL | WNOHANG, nullptr);
    if (got == child || (got < 0 && errno != EINTR)) {
      if (job.result.load(std::memory_order_acquire) == core_result::none) {
        std::snprintf(job.failure, sizeof job.failure, "%s: the process that wrote it was ended by signal %d", job.path,
                      got > 0 ? WTERMSIG(status) : 0);
      }
      end_core_job(job);
    }
  }
  const bool ended = job.ended.load(std::memory_order_acquire);
  job.is_being_asked.store(false, std::memory_order_release);
  return ended;
}

/// Notices that the last core is complete, or failed. For whoever asks about cores.
inline void look_after_cores() noexcept {
  const int saved_errno = errno;
  core_job *const job = cores.last.load(std::memory_order_acquire);
  if (job != nullptr) has_ended(*job);
  errno = saved_errno;
}

/// Everything below runs in the child.
struct core_request {
  core_job *job;
  int fd;
  std::uint64_t max_bytes;
  core_subject subject;
  core_workspace *workspace;
};

[[noreturn]] inline void write_core_and_end(void *argument) noexcept {
  const auto &request = *static_cast<const core_request *>(argument);
  core_job &job = *request.job;
  // All signals but the alarm's are blocked. A fault ends it in any case.
  stand_in_nobodys_way(request.fd, core_patience_s + 5, 0);
  syscall(SYS_setpriority, PRIO_PROCESS, 0, 10);  // the process comes first: a tenth of its share
  struct statfs system = {};
  std::uint64_t most = ~std::uint64_t{0};
  if (syscall(SYS_fstatfs, request.fd, &system) == 0) {
    most = static_cast<std::uint64_t>(system.f_bavail) * static_cast<std::uint64_t>(system.f_bsize) / 2;
  }
  if (request.max_bytes != 0 && request.max_bytes < most) most = request.max_bytes;
  core_writer writer(*request.workspace, request.subject, request.fd, core_patience_s, most);
  if (!writer.write()) {
    describe_core_failure(job, writer.step(), errno);
  } else if (syscall(SYS_renameat2, AT_FDCWD, job.unfinished, AT_FDCWD, job.path, 1 /* RENAME_NOREPLACE */) != 0 &&
             syscall(SYS_renameat, AT_FDCWD, job.unfinished, AT_FDCWD, job.path) !=
                 0) {  // some file systems know no flag
    describe_core_failure(job, "renaming the file", errno);
  } else {
    job.result.store(core_result::written, std::memory_order_release);
  }
  if (job.result.load(std::memory_order_relaxed) == core_result::failed) {
    syscall(SYS_unlinkat, AT_FDCWD, job.unfinished, 0);
  }
  for (;;) syscall(SYS_exit_group, 0);
}

[[noreturn]] inline void be_core_child(core_request &request) noexcept {
  // Here and not in the parent, to whom it would be a change of its memory. It does not belong into the core.
  const long workspace = syscall(SYS_mmap, nullptr, sizeof(core_workspace), long{PROT_READ | PROT_WRITE},
                                 long{MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE}, -1L, 0L);
  if (workspace == -1) {
    describe_core_failure(*request.job, "memory for the writer", errno);
    for (;;) syscall(SYS_exit_group, 0);
  }
  syscall(SYS_madvise, workspace, sizeof(core_workspace), MADV_DONTDUMP);
  request.workspace = reinterpret_cast<core_workspace *>(workspace);
  // A signal stack has 32 KiB, of which the handler has used some.
  arch::call_on_stack(&write_core_and_end, &request, request.workspace->stack + sizeof request.workspace->stack);
}

inline std::uint64_t ns_now() noexcept {
  timespec time = {};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1000000000u + static_cast<std::uint64_t>(time.tv_nsec);
}

/// The page of a new core, or nullptr without memory.
inline core_job *make_core_job(const core_settings &settings, std::uint64_t number, std::uint64_t now) noexcept {
  void *const page = mmap(nullptr, sizeof(core_job), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return nullptr;
  madvise(page, sizeof(core_job), MADV_DONTDUMP);
  auto &job = *static_cast<core_job *>(page);  // zeros are what all of it begins with
  job.owner = process.process_id;
  job.begun = now;
  timespec time = {};
  clock_gettime(CLOCK_REALTIME, &time);
  // The time, because in a container every process has the same number, and the cores of the last one are not to go.
  std::snprintf(job.path, sizeof job.path, "%s/core.%d.%lld.%llu", settings.directory, job.owner,
                static_cast<long long>(time.tv_sec), static_cast<unsigned long long>(number));
  std::snprintf(job.unfinished, sizeof job.unfinished, "%s.unfinished", job.path);
  return &job;
}

/// A new core in the place of the last. One at a time, and all decisions by whoever puts his there: nobody waits for
/// anybody. @return nullptr where there is to be none.
inline core_job *begin_core(const core_settings &settings) noexcept {
  core_job *last = cores.last.load(std::memory_order_acquire);
  const std::uint64_t number = cores.begun.load(std::memory_order_acquire) + 1, now = ns_now();
  const bool too_soon = last != nullptr && (now - last->begun < settings.every_ns || !has_ended(*last));
  if (number > settings.most || too_soon) return nullptr;
  core_job *const job = make_core_job(settings, number, now);
  if (job == nullptr) {
    cores.failure.store("no core: there is no memory", std::memory_order_release);
    return nullptr;
  }
  if (!cores.last.compare_exchange_strong(last, job, std::memory_order_acq_rel)) {
    munmap(job, sizeof *job);
    return nullptr;
  }
  cores.begun.store(number, std::memory_order_release);
  return job;
}

/// @return nullptr or what could not be done; errno says why.
inline const char *start_core_child(core_job &job, const core_subject &subject, std::uint64_t max_bytes) noexcept {
  // The owner's alone: all that the process knows is in it.
  const long fd = syscall(SYS_openat, AT_FDCWD, job.unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                          S_IRUSR | S_IWUSR);
  if (fd < 0) return "creating the file";
  core_request request = {&job, static_cast<int>(fd), max_bytes, subject, nullptr};
  const long child = copy_process();
  if (child == 0) be_core_child(request);
  const int why = errno;
  syscall(SYS_close, fd);
  errno = why;
  if (child < 0) return "copying the process";
  job.child.store(static_cast<pid_t>(child), std::memory_order_release);
  return nullptr;
}

/// In the handler. @return the name that the core will have, or nullptr where there will be none.
inline const char *take_core(int signal, const siginfo_t &info, const ucontext_t &context) noexcept {
  const core_settings *const settings = cores.settings.load(std::memory_order_acquire);
  if (settings == nullptr) return nullptr;
  core_job *const job = begin_core(*settings);
  if (job == nullptr) {
    cores.refused.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  const core_subject subject = {
      signal, &info, &context, job->owner, static_cast<int>(getppid()), static_cast<int>(syscall(SYS_gettid))};
  if (const char *const step = start_core_child(*job, subject, settings->max_bytes)) {
    describe_core_failure(*job, step, errno);
    end_core_job(*job);
    return nullptr;
  }
  return job->path;
}

/// Takes over the options. @return NULL or what is wrong with them; nothing has changed then.
inline const char *configure_cores(const cgo_guard_options &options) noexcept {
  const char *const directory = options.core_dir != nullptr ? options.core_dir : "";
  if (options.core_max < 0) return "cgo_guard_configure: core_max is negative; 0 is for the default";
  if (options.core_every_ms < 0) return "cgo_guard_configure: core_every_ms is negative; 0 is for the default";
  if (directory[0] == 0) {
    if (options.core_max != 0 || options.core_every_ms != 0 || options.core_max_bytes != 0) {
      return "cgo_guard_configure: the cores have limits but no core_dir";
    }
    cores.settings.store(nullptr, std::memory_order_release);
    process.take_core.store(nullptr, std::memory_order_release);
    return nullptr;
  }
  core_settings wanted = {};
  if (std::strlen(directory) >= sizeof wanted.directory)
    return "cgo_guard_configure: core_dir is longer than 511 bytes";
  if (directory[0] != '/') return "cgo_guard_configure: core_dir is not an absolute path";
  struct stat file;
  if (stat(directory, &file) != 0) return "cgo_guard_configure: core_dir does not exist, or can't be seen";
  if (!S_ISDIR(file.st_mode)) return "cgo_guard_configure: core_dir is no directory";
  if (access(directory, W_OK | X_OK) != 0) return "cgo_guard_configure: core_dir can't be written to";
  std::memcpy(wanted.directory, directory, std::strlen(directory) + 1);
  wanted.most = options.core_max != 0 ? static_cast<std::uint64_t>(options.core_max) : 5;
  wanted.every_ns = (options.core_every_ms != 0 ? static_cast<std::uint64_t>(options.core_every_ms) : 60000) * 1000000u;
  wanted.max_bytes = options.core_max_bytes;
  const core_settings *const now = cores.settings.load(std::memory_order_acquire);
  if (now == nullptr || std::memcmp(now, &wanted, sizeof wanted) != 0) {
    auto *const settings = static_cast<core_settings *>(std::malloc(sizeof wanted));
    if (settings == nullptr) return "cgo_guard_configure: there is no memory";
    std::memcpy(settings, &wanted, sizeof wanted);
    cores.settings.store(settings, std::memory_order_release);
  }
  process.take_core.store(&take_core, std::memory_order_release);
  return nullptr;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CORE_ON_FAULT_HPP
