// SPDX-License-Identifier: BSL-1.0
/// @file libc_musl.hpp
/// musl: a module without a lock, where stacks end, and how its functions are declared and named.
#ifndef CGO_GUARD_LIBC_MUSL_HPP
#define CGO_GUARD_LIBC_MUSL_HPP

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <sys/auxv.h>

#include "../arch/arch.hpp"
#include "exported_functions.hpp"
#include "libc_musl_modules.hpp"
#include "original.hpp"

// Hidden in musl: to be had in a static program only, and a dynamic one asks by dlsym.
extern "C" int __sigaction(int, const struct sigaction *, struct sigaction *) __attribute__((weak));
extern "C" void __funcs_on_exit() __attribute__((weak));
extern "C" void __funcs_on_quick_exit() __attribute__((weak));
// Of the linker, in a static program (src/exit/exit.c goes through them the same way).
extern "C" void (*const __fini_array_start)() __attribute__((weak, visibility("hidden")));
extern "C" void (*const __fini_array_end)() __attribute__((weak, visibility("hidden")));

// Its headers promise nothing of exit, nor of __assert_fail, whose line is an int.
#define CGO_GUARD_LIBC_NOTHROW

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::libc {

constexpr bool exit_is_nothrow = false;
using assert_line = int;

// sigaction behind ours in a dynamic program. There is no other name for it, so it is looked up when we are loaded.
CGO_GUARD_OF_THIS_MODULE inline original sigaction_behind_ours{"sigaction"};
CGO_GUARD_OF_THIS_MODULE inline const bool sigaction_is_known =
    (&__sigaction != nullptr || (sigaction_behind_ours.look_up(), true));

inline int set_action(int signal, const struct sigaction *action, struct sigaction *old) noexcept {
  using function = int (*)(int, const struct sigaction *, struct sigaction *);
  if (&__sigaction != nullptr) return __sigaction(signal, action, old);
  return sigaction_behind_ours.as<function>()(signal, action, old);
}

/// As its signal does (src/signal/signal.c). By its other name, bsd_signal, it can't be had: whoever asks a static
/// library for that gets a `signal` that comes before ours.
inline auto set_handler(int signal, void (*handler)(int)) noexcept -> void (*)(int) {
  struct sigaction action = {}, old;
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  return set_action(signal, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

/// Where it is blocked, abort sets the default action before it lets it in (src/exit/abort.c).
constexpr bool abort_lets_its_signal_in = false;
constexpr std::array<const char *, 0> own_allocator_names{};
/// free is a jump to __libc_free, which is hidden.
constexpr bool allocator_has_nameless_functions = true;
/// raise puts the mask back behind its system call, and that lets the signal in.
constexpr const char *inner_names_of_abort[] = {"__restore_sigs"};

/// Signals that it keeps for itself: timers, cancellation, and what is to be done on all threads. sigfillset leaves 32,
/// 33 and 34 out.
constexpr std::uint64_t kept_signals = std::uint64_t{7} << 31;

/// What exit does before it ends the process, for a static program that has no other exit than ours.
inline void run_exit_handlers() noexcept {
  if (&__funcs_on_exit != nullptr) __funcs_on_exit();
  if (&__fini_array_start == nullptr) return;
  for (auto *last = &__fini_array_end; last > &__fini_array_start;) (*--last)();
}
inline void run_quick_exit_handlers(int) noexcept {
  if (&__funcs_on_quick_exit != nullptr) __funcs_on_quick_exit();
}

/// Of an errno. Its strerror reads a table, and the catalogue of the thread's locale; no lock, no buffer
/// (src/errno/strerror.c).
inline const char *description_of(int error) noexcept { return std::strerror(error); }

/// The loader is libc itself, so its frames say nothing. Nor need they: it runs constructors when it has given its lock
/// back (ldso/dynlink.c, dlopen).
inline bool find_loader(std::uintptr_t &, std::uintptr_t &) noexcept { return false; }

class module_at {
 public:
  std::uintptr_t begin() const noexcept { return module_.begin; }
  std::uintptr_t end() const noexcept { return module_.end; }
  std::uintptr_t bias() const noexcept { return module_.bias; }
  const char *path() const noexcept { return module_.name != 0 ? reinterpret_cast<const char *>(module_.name) : ""; }
  bool is_main_program() const noexcept { return module_.name == 0; }
  /// Nobody has relocated the pointers to them.
  const void *table(ElfW(Sxword) tag) const noexcept {
    const auto *at = reinterpret_cast<const ElfW(Dyn) *>(module_.dynamic);
    for (; at != nullptr && at->d_tag != DT_NULL; ++at) {
      if (at->d_tag == tag) return reinterpret_cast<const void *>(module_.bias + at->d_un.d_ptr);
    }
    return nullptr;
  }

  bool find(std::uintptr_t address) noexcept { return find_mapped_module(address, module_); }
  bool ask_for(std::uintptr_t address) noexcept { return find(address); }

 private:
  mapped_module module_;
};

inline std::uintptr_t find_eh_frame_hdr(std::uintptr_t pc) noexcept {
  mapped_module module;
  return find_mapped_module(pc, module) ? module.eh_frame_hdr : 0;
}

/// Its x86-64 code for that has none, and that of 64-bit Arm neither (src/signal/restore.s). As a rule it is compiled
/// without tables altogether.
constexpr bool signal_return_has_tables = false;

/// From the module's dynamic symbols; there are none in a static program.
inline std::uintptr_t size_of_function(void *function) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(function);
  module_at module;
  std::uintptr_t size = 0;
  if (!module.find(address)) return 0;
  find_exported_function(module, [&](const ElfW(Sym) & symbol, const char *) noexcept {
    if (module.bias() + symbol.st_value == address) size = symbol.st_size;
    return size != 0;
  });
  return size;
}

/// A thread's control block stands above its stack. The kernel has put the program's name at the very end of the main
/// thread's.
inline std::uintptr_t end_of_stack(bool main_thread) noexcept {
  return main_thread ? static_cast<std::uintptr_t>(getauxval(AT_EXECFN)) : arch::thread_pointer();
}

/// It keeps none of what it prints.
class last_words {
 public:
  void look_up() noexcept {}
  std::uintptr_t text() const noexcept { return 0; }
};

}  // namespace detail::libc
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_LIBC_MUSL_HPP
