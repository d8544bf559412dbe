// SPDX-License-Identifier: BSL-1.0
/// @file traceback_names.hpp
/// Names for the C++ frames in Go's tracebacks and profiles.
///
/// Go asks in two situations. In an ordinary one (runtime.CallersFrames, a profile that is written) names come from
/// symbolize.hpp, and stay in a table. While it prints a crash, as a rule inside its signal handler, the interrupted
/// code may hold any lock, the heap's included: then a thread of ours, which holds none, is asked and given a moment.
/// If it can't answer, the name is that of the dynamic symbol, mangled, found without a lock.
#ifndef CGO_GUARD_TRACEBACK_NAMES_HPP
#define CGO_GUARD_TRACEBACK_NAMES_HPP

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

#include "../exception/contain.hpp"
#include "../exception/exception.hpp"
#include "../exception/exception_objects.hpp"
#include "../runtime/exported_functions.hpp"
#include "../stack/stack_text.hpp"
#include "../stack/symbolize.hpp"
#include "../state/process.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Tools split a Go function at the dot after its package: without one, Sentry shows no name at all (Trap 60).
constexpr char go_package_of_cpp[] = "C.";

/// What is known of one address: itself, and the functions that were inlined there before it. One block of malloc.
struct go_names {
  std::uintptr_t pc;
  unsigned long long unloads;  ///< modules that had gone by then: a change may mean that the address is another's now
  std::size_t count;
  struct frame {
    const char *function, *file;  ///< nullptr where not known
    std::uintptr_t line;
  } frames[1];  ///< `count` of them, and their texts behind the last
};

/// Addresses with names. Filled by compare-and-swap and never emptied, because Go keeps the texts for as long as it
/// prints; bounded, because of that.
class go_name_table {
 public:
  /// @param unloads any for a crash, which has no time to ask.
  const go_names *find(std::uintptr_t pc, const unsigned long long *unloads) const noexcept {
    const go_names *latest = nullptr;
    for (std::size_t i = 0; i < probes; ++i) {
      const go_names *names = slots_[(slot_of(pc) + i) % size].load(std::memory_order_acquire);
      if (names == nullptr) break;
      if (names->pc != pc) continue;
      latest = names;
      if (unloads != nullptr && names->unloads == *unloads) return names;
    }
    return unloads == nullptr ? latest : nullptr;
  }

  /// @return false where there is no room, and the names are still the caller's.
  bool add(const go_names *names) noexcept {
    for (std::size_t i = 0; i < probes; ++i) {
      const go_names *none = nullptr;
      if (slots_[(slot_of(names->pc) + i) % size].compare_exchange_strong(none, names, std::memory_order_acq_rel)) {
        return true;
      }
    }
    return false;
  }

 private:
  static constexpr std::size_t size = 16384, probes = 16;  // 128 KiB of .bss, touched as it fills
  static std::size_t slot_of(std::uintptr_t pc) noexcept {
    return static_cast<std::size_t>((pc * std::uintptr_t{0x9e3779b97f4a7c15u}) >> 40);
  }
  std::atomic<const go_names *> slots_[size];
};

inline go_name_table go_name_cache;

/// How many modules were unloaded so far. Takes the dynamic linker's lock.
inline unsigned long long count_unloads() noexcept {
  unsigned long long unloads = 0;
  dl_iterate_phdr(
      [](dl_phdr_info *info, std::size_t size, void *out) -> int {
        if (size >= offsetof(dl_phdr_info, dlpi_subs) + sizeof info->dlpi_subs) {
          *static_cast<unsigned long long *>(out) = info->dlpi_subs;
        }
        return 1;  // every module says the same
      },
      &unloads);
  return unloads;
}

inline const go_names *make_go_names(std::uintptr_t pc, unsigned long long unloads) {
  std::vector<resolved_frame> frames;
  resolve(reinterpret_cast<const void *>(pc), frames);
  std::size_t text = 0;
  for (auto &frame : frames) {
    const std::size_t clone = frame.function.find(" [clone ");
    if (clone != std::string::npos) frame.function.erase(clone);
    if (frame.function.empty()) frame.function = hex_text(pc);
    frame.function.insert(0, go_package_of_cpp);
    if (frame.file.empty() && !frame.module.empty()) {
      frame.file = frame.module + "+" + hex_text(frame.module_offset);  // what addr2line takes
      frame.line = 0;
    }
    text += frame.function.size() + frame.file.size() + 2;
  }
  const std::size_t head = offsetof(go_names, frames) + frames.size() * sizeof(go_names::frame);
  auto *const names = static_cast<go_names *>(std::malloc(head + text));
  if (names == nullptr) return nullptr;
  names->pc = pc;
  names->unloads = unloads;
  names->count = frames.size();
  char *at = reinterpret_cast<char *>(names) + head;
  const auto keep = [&at](const std::string &from) -> const char * {
    if (from.empty()) return nullptr;
    const char *const kept = at;
    std::memcpy(at, from.c_str(), from.size() + 1);
    at += from.size() + 1;
    return kept;
  };
  for (std::size_t i = 0; i < frames.size(); ++i) {
    names->frames[i].function = keep(frames[i].function);
    names->frames[i].file = keep(frames[i].file);
    names->frames[i].line = static_cast<std::uintptr_t>(frames[i].line);
  }
  return names;
}

/// Ordinary context only. @return nullptr where the table is full or there is no memory.
inline const go_names *names_of(std::uintptr_t pc) noexcept {
  if (heap_is_poisoned()) return go_name_cache.find(pc, nullptr);
  const unsigned long long unloads = count_unloads();
  if (const go_names *names = go_name_cache.find(pc, &unloads)) return names;
  const go_names *made = nullptr;
  const contained outcome = contain([&] { made = make_go_names(pc, unloads); });
  if (outcome.exception != nullptr) end_exception(*outcome.exception);
  if (!outcome.ok || made == nullptr) return nullptr;
  if (go_name_cache.add(made)) return made;
  std::free(const_cast<go_names *>(made));
  return nullptr;
}

/// The thread that finds names while another one stands in a crash. It sleeps until then.
struct crash_namer {
  sem_t asked, answered;
  std::atomic<bool> busy{false};  ///< for good, once it has failed to answer
  std::atomic<std::uintptr_t> pc{0};
  std::atomic<int> process_id{0};  ///< where it runs: a fork's child has no such thread
};
inline crash_namer crash_names;

inline void *run_crash_namer(void *) noexcept {
  for (;;) {
    if (sem_wait(&crash_names.asked) != 0) continue;
    names_of(crash_names.pc.load());
    sem_post(&crash_names.answered);
  }
}

/// Once in a process. Without the thread, crashes are printed with mangled names.
inline void start_crash_namer() noexcept {
  int none = 0;
  if (!crash_names.process_id.compare_exchange_strong(none, -1)) return;
  if (sem_init(&crash_names.asked, 0, 0) != 0 || sem_init(&crash_names.answered, 0, 0) != 0) return;
  sigset_t all, before;
  sigfillset(&all);  // Go's signals are not for this thread; its own faults are contained
  for (const int fault : guarded_signals) sigdelset(&all, fault);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const bool started = pthread_create(&thread, nullptr, &run_crash_namer, nullptr) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!started) return;
  pthread_detach(thread);
  crash_names.process_id.store(getpid());
}

/// Async-signal-safe, but for sem_timedwait, which with glibc is a futex call.
inline const go_names *names_in_a_crash(std::uintptr_t pc) noexcept {
  if (const go_names *known = go_name_cache.find(pc, nullptr)) return known;
  if (heap_is_poisoned() || crash_names.process_id.load() != getpid() || crash_names.busy.exchange(true)) {
    return nullptr;
  }
  crash_names.pc.store(pc);
  sem_post(&crash_names.asked);
  timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 2;  // the first look into a large program's debug information takes a tenth of that
  while (sem_timedwait(&crash_names.answered, &until) != 0) {
    if (errno != EINTR) return nullptr;
  }
  crash_names.busy.store(false);
  return go_name_cache.find(pc, nullptr);
}

/// The dynamic symbol around an address. @return its mangled name, or nullptr.
inline const char *mapped_symbol(const libc::module_at &module, std::uintptr_t pc, std::uintptr_t &entry) noexcept {
  const char *found = nullptr;
  find_exported_function(module, [&](const ElfW(Sym) & symbol, const char *name) noexcept {
    const std::uintptr_t begin = module.bias() + symbol.st_value;
    if (pc - begin >= symbol.st_size) return false;
    entry = begin;
    found = name;
    return true;
  });
  return found;
}

/// Names without anything that a crash may have broken. The texts are good for the next seven calls; Go prints each
/// before it asks for another, and one crash at a time.
inline void name_raw(cgo_guard_symbolizer_argument &argument) noexcept {
  struct texts {
    char function[512], file[512];
  };
  static texts ring[8];
  static std::atomic<unsigned> next{0};
  libc::module_at module;
  if (!module.find(argument.pc)) return;  // Go prints the bare address
  texts &here = ring[next.fetch_add(1) % 8];
  fixed_text function(here.function, sizeof here.function), file(here.file, sizeof here.file);
  if (const char *const symbol = mapped_symbol(module, argument.pc, argument.entry)) {
    function.put(go_package_of_cpp).put(symbol);
  } else {
    function.put(go_package_of_cpp).hex(argument.pc);
  }
  file.put(module.is_main_program() ? "(main program)" : module.path()).put("+").hex(argument.pc - module.bias());
  argument.function = here.function;
  argument.file = here.file;
}

/// Whether the interrupted code may hold locks. Go prints a crash in its signal handler, which blocks everything;
/// elsewhere it lets SIGPROF in on all its threads, on those of C too that call it. Go 1.19 leaves the handler first
/// when C++ faults: hence the flag.
inline bool in_a_crash() noexcept {
  sigset_t blocked;
  return process.crashing.load(std::memory_order_relaxed) || pthread_sigmask(SIG_SETMASK, nullptr, &blocked) != 0 ||
         sigismember(&blocked, SIGPROF) != 0;
}

/// Go's symbolizer function. `data` counts the frames of this address that Go has had.
inline void name_for_go(cgo_guard_symbolizer_argument &argument) noexcept {
  if (argument.pc == 0) return;  // the end of a traceback; nothing was kept for it
  const std::uintptr_t done = argument.more != 0 ? argument.data : 0;
  argument.function = argument.file = nullptr;
  argument.line = argument.entry = argument.more = argument.data = 0;
  const int saved_errno = errno;
  const go_names *const names = in_a_crash() ? names_in_a_crash(argument.pc) : names_of(argument.pc);
  if (names == nullptr || done >= names->count) {
    name_raw(argument);
  } else {
    const go_names::frame &frame = names->frames[done];
    argument.function = frame.function;
    argument.file = frame.file;
    argument.line = frame.line;
    argument.data = done + 1;
    argument.more = done + 1 < names->count ? 1 : 0;
  }
  errno = saved_errno;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_TRACEBACK_NAMES_HPP
