// SPDX-License-Identifier: BSL-1.0
/// @file libc_glibc.hpp
/// glibc: how to ask for a module without a lock, where stacks end, what it says before it aborts.
#ifndef CGO_GUARD_LIBC_GLIBC_HPP
#define CGO_GUARD_LIBC_GLIBC_HPP

#include <cstddef>
#include <cstdint>

#include <csignal>
#include <cstring>

#include <dlfcn.h>
#include <link.h>
#include <sys/auxv.h>

#include "../arch/arch.hpp"

// GLIBC_PRIVATE, and there since the first version for Linux. Weak: where it is gone one day, a stack has no known end.
extern "C" void *__libc_stack_end __attribute__((weak));

// In a static program only: quick_exit is __run_exit_handlers on its own list (stdlib/quick_exit.c), and is not linked
// in where ours is.
extern "C" void __run_exit_handlers(int status, void **list, bool run_list_atexit, bool run_destructors)
    __attribute__((weak));
extern "C" void *__quick_exit_funcs __attribute__((weak));
extern "C" void cgo_guard_v1_libc_finalize(void *) __asm__("__cxa_finalize");

// Other names for sigaction and signal, in every version (GLIBC_2.2.5). Through these and not through dlsym, which is
// not async-signal-safe.
extern "C" int cgo_guard_v1_libc_sigaction(int, const struct sigaction *, struct sigaction *) noexcept
    __asm__("__sigaction");
extern "C" void (*cgo_guard_v1_libc_signal(int, void (*)(int)) noexcept)(int) __asm__("ssignal");

// Of exit and its kin, and of __assert_fail.
#define CGO_GUARD_LIBC_NOTHROW noexcept

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::libc {

constexpr bool exit_is_nothrow = true;
using assert_line = unsigned int;

/// sigaction and signal, also where we define functions of these names. Async-signal-safe.
inline int set_action(int signal, const struct sigaction *action, struct sigaction *old) noexcept {
  return cgo_guard_v1_libc_sigaction(signal, action, old);
}
inline auto set_handler(int signal, void (*handler)(int)) noexcept -> void (*)(int) {
  return cgo_guard_v1_libc_signal(signal, handler);
}

/// Its allocator's own names, to which a library jumps that only counts what goes by.
constexpr const char *own_allocator_names[] = {"__libc_malloc", "__libc_free", "__libc_calloc", "__libc_realloc",
                                               "__libc_memalign"};
/// Whether a thread that has SIGABRT blocked can catch its own: abort lets it in first.
constexpr bool abort_lets_its_signal_in = true;
/// Whether free and its kin may go on in functions that have no name for anybody else.
constexpr bool allocator_has_nameless_functions = false;
/// Functions between abort and the system call, beside those that all libraries have.
constexpr const char *inner_names_of_abort[] = {"__pthread_kill_implementation",
                                                "__pthread_kill_internal",
                                                "__pthread_kill",
                                                "gsignal",
                                                "__GI_raise",
                                                "__GI_abort"};

/// Signals that it keeps for itself, in the kernel's set: sigfillset leaves 32 and 33 out.
constexpr std::uint64_t kept_signals = std::uint64_t{3} << 31;

/// What exit does before it ends the process, for a static program in which nobody has brought it in.
inline void run_exit_handlers() noexcept { cgo_guard_v1_libc_finalize(nullptr); }
inline void run_quick_exit_handlers(int status) noexcept {
  if (&__run_exit_handlers == nullptr || &__quick_exit_funcs == nullptr) return;
  __run_exit_handlers(status, &__quick_exit_funcs, false, false);
}

/// Of an errno; nullptr where nothing says it without a lock. Async-signal-safe, which strerror is not.
inline const char *description_of(int error) noexcept {
#if __GLIBC_PREREQ(2, 32)
  return strerrordesc_np(error);
#else
  static_cast<void>(error);
  return nullptr;
#endif
}

/// Where the loader's own code is: from its headers in memory, for which nobody has to be asked.
/// @return false where there is none, in a static program.
inline bool find_loader(std::uintptr_t &begin, std::uintptr_t &end) noexcept {
  const auto base = static_cast<std::uintptr_t>(getauxval(AT_BASE));
  if (base == 0) return false;
  const auto *const header = reinterpret_cast<const ElfW(Ehdr) *>(base);
  const auto *const segments = reinterpret_cast<const ElfW(Phdr) *>(base + header->e_phoff);
  begin = end = base;
  for (int i = 0; i < header->e_phnum; ++i) {
    if (segments[i].p_type == PT_LOAD) end = base + segments[i].p_vaddr + segments[i].p_memsz;  // in rising order
  }
  return true;
}

/// A file that the dynamic linker has mapped.
class module_at {
 public:
  std::uintptr_t begin() const noexcept { return begin_; }
  std::uintptr_t end() const noexcept { return end_; }
  /// Run-time address minus the address in the file.
  std::uintptr_t bias() const noexcept { return map_->l_addr; }
  /// As the linker was given it; "" for the program itself.
  const char *path() const noexcept { return map_->l_name != nullptr ? map_->l_name : ""; }
  bool is_main_program() const noexcept { return *path() == 0; }
  /// A table of the dynamic linker's by its tag (elf.h), or nullptr. The linker has relocated the pointers to them.
  const void *table(ElfW(Sxword) tag) const noexcept {
    for (const ElfW(Dyn) *at = map_->l_ld; at != nullptr && at->d_tag != DT_NULL; ++at) {
      if (at->d_tag == tag) return reinterpret_cast<const void *>(at->d_un.d_ptr);
    }
    return nullptr;
  }

  /// Async-signal-safe, takes no lock (glibc manual, "Dynamic Linker Introspection").
  /// @return false for an address in no module, and before glibc 2.35 for every address.
  bool find(std::uintptr_t address) noexcept {
#ifdef DLFO_STRUCT_HAS_EH_DBASE
    dl_find_object object;
    if (_dl_find_object(reinterpret_cast<void *>(address), &object) != 0 || object.dlfo_link_map == nullptr)
      return false;
    begin_ = reinterpret_cast<std::uintptr_t>(object.dlfo_map_start);
    end_ = reinterpret_cast<std::uintptr_t>(object.dlfo_map_end);
    map_ = object.dlfo_link_map;
    return true;
#else
    static_cast<void>(address);
    return false;
#endif
  }

  /// The same under the loader's lock, in every version. Ordinary context; without begin and end.
  bool ask_for(std::uintptr_t address) noexcept {
    Dl_info info;
    void *map = nullptr;
    if (dladdr1(reinterpret_cast<void *>(address), &info, &map, RTLD_DL_LINKMAP) == 0 || map == nullptr) return false;
    map_ = static_cast<const link_map *>(map);
    return true;
  }

 private:
  std::uintptr_t begin_ = 0, end_ = 0;
  const link_map *map_ = nullptr;
};

/// The PT_GNU_EH_FRAME of the module at an address, or 0 where it is in no module.
/// Async-signal-safe with glibc 2.35 or newer. Before that there is only dl_iterate_phdr, which takes the loader's
/// lock: recursive, so a fault inside the loader doesn't deadlock with itself, but a signal handler there waits for a
/// dlopen on another thread to finish.
inline std::uintptr_t find_eh_frame_hdr(std::uintptr_t pc) noexcept {
#ifdef DLFO_STRUCT_HAS_EH_DBASE
  dl_find_object object;
  if (_dl_find_object(reinterpret_cast<void *>(pc), &object) != 0) return 0;
  return reinterpret_cast<std::uintptr_t>(object.dlfo_eh_frame);
#else
  struct search {
    std::uintptr_t pc, found;
  } state{pc, 0};
  dl_iterate_phdr(
      [](dl_phdr_info *info, std::size_t, void *arg) -> int {
        auto *s = static_cast<search *>(arg);
        std::uintptr_t header = 0;
        bool inside = false;
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const auto &p = info->dlpi_phdr[i];
          const std::uintptr_t begin = info->dlpi_addr + p.p_vaddr;
          if (p.p_type == PT_LOAD && s->pc >= begin && s->pc - begin < p.p_memsz) inside = true;
          if (p.p_type == PT_GNU_EH_FRAME) header = begin;
        }
        if (inside) s->found = header;
        return inside ? 1 : 0;
      },
      &state);
  return state.found;
#endif
}

/// Whether the compiler's tables describe what a signal handler returns to. glibc's do.
constexpr bool signal_return_has_tables = arch::signal_return_is_libcs;

/// How many bytes a function has by the symbol of its name; 0 where nothing says. Slow, takes the loader's lock.
inline std::uintptr_t size_of_function(void *function) noexcept {
  Dl_info info;
  void *symbol = nullptr;
  if (dladdr1(function, &info, &symbol, RTLD_DL_SYMENT) == 0 || symbol == nullptr) return 0;
  return static_cast<const ElfW(Sym) *>(symbol)->st_size;
}

/// The upper end of the stack that libc has given the current thread: the thread's control block stands there. For the
/// main thread what the kernel has given it; 0 where nothing says. pthread_getattr_np would know more, but reads /proc
/// for the main thread and takes a lock. Async-signal-safe.
inline std::uintptr_t end_of_stack(bool main_thread) noexcept {
  if (!main_thread) return arch::thread_pointer();
  return &__libc_stack_end != nullptr ? reinterpret_cast<std::uintptr_t>(__libc_stack_end) : 0;
}

/// What assert and its like have said before they aborted: abort_msg_s (assert/assert.c; GLIBC_PRIVATE, so nothing is
/// promised, and nothing but a message is lost when it goes).
class last_words {
 public:
  /// Ordinary context.
  void look_up() noexcept { place_ = static_cast<message **>(dlvsym(RTLD_DEFAULT, "__abort_msg", "GLIBC_PRIVATE")); }
  /// The text that was left last, or 0. Another thread may replace and unmap it: read it with care. Async-signal-safe.
  std::uintptr_t text() const noexcept {
    const message *const last = place_ != nullptr ? *const_cast<message *volatile *>(place_) : nullptr;
    return last != nullptr ? reinterpret_cast<std::uintptr_t>(last) + offsetof(message, text) : 0;
  }

 private:
  struct message {
    unsigned int size;
    char text[1];
  };
  message **place_ = nullptr;
};

}  // namespace detail::libc
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_LIBC_GLIBC_HPP
