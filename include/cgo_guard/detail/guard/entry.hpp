// SPDX-License-Identifier: BSL-1.0
/// @file entry.hpp
/// The detours of a guard that doesn't find the process ready: the first one of all, guards before main, quarantine.
#ifndef CGO_GUARD_ENTRY_HPP
#define CGO_GUARD_ENTRY_HPP

#include "../signal/install_lock.hpp"
#include "../signal/neighbours.hpp"
#include "failure.hpp"
#include "terminate.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// The kernel, libstdc++ and our neighbours have the addresses of our handlers from now on, so that the module which
/// holds them must not be unloaded. (GCC's unique symbols do the same to most plugins; clang and -fvisibility=hidden
/// have none.)
inline void stay_loaded() noexcept {
  if (is_in_main_program(reinterpret_cast<void *>(&on_signal))) return;
  libc::module_at module;
  if (!module.ask_for(reinterpret_cast<std::uintptr_t>(&on_signal)) || module.is_main_program()) return;
  if (void *const handle = dlopen(module.path(), RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE)) dlclose(handle);
}

/// Where the functions are that a walk must know. Asked when the loader has loaded us, and not by the first guard: that
/// may be on a thread which a constructor waits for, under the loader's lock.
inline void look_up_functions() noexcept {
  process.known.look_up();
  the_loader.look_up();
}
inline const bool functions_are_known = (look_up_functions(), true);

inline void install_everything() noexcept {
  look_up_functions();  // a guard in a static constructor that came before that
  cxx::state_place.look_up();
  prepare_handler_stacks();
  stay_loaded();
  process.process_id = getpid();
  watch_forks();
  install_terminate_handler();
  install_handlers(false);
}

inline cgo_guard_error *refuse() noexcept {
  process.count.quarantined.fetch_add(1, std::memory_order_relaxed);
  const int signal = process.poisoned_by.load(std::memory_order_relaxed);
  error_slot *const slot = take_slot(CGO_GUARD_QUARANTINED, 0);
  if (!slot->shared) {
    set_thread(*slot);
    slot->error.cleanup = CGO_GUARD_CLEANUP_COMPLETE;
    slot->error.name = signal_name(signal);
    const char *const what = process.poison.text();
    std::snprintf(slot->message, sizeof slot->message,
                  "the heap is corrupt, so this block was not run: %s. Finish what you have and restart the process",
                  what[0] != 0 ? what : signal_name(signal));
    set_message_in_place(*slot);
  }
  return &slot->error;
}

/// Everything that a guard does when the mode is not `ready`.
[[gnu::cold, gnu::noinline]] inline cgo_guard_error *run_with_detour(void (*thunk)(void *), void *body) {
  bool temporary = false;
  {
    install_lock lock;
    switch (process.mode.load(std::memory_order_relaxed)) {
      case process_mode::cold:
      case process_mode::before_go:
        temporary = go_is_still_to_come();
        install_everything();
        process.mode.store(temporary ? process_mode::before_go : process_mode::ready, std::memory_order_release);
        break;
      case process_mode::ready: break;
      case process_mode::displaced: {
        // First the mode: who puts a handler over ours from here on displaces us again.
        process_mode expected = process_mode::displaced;
        if (process.mode.compare_exchange_strong(expected, process_mode::ready)) {
          process.count.displaced.fetch_add(1, std::memory_order_relaxed);
          install_handlers(true);
        }
        break;
      }
      case process_mode::quarantined:
        if (process.heap_policy.load(std::memory_order_relaxed) == CGO_GUARD_HEAP_QUARANTINE) return refuse();
        break;
    }
  }
  auto *const error =
      static_cast<cgo_guard_error *>(arch::cgo_guard_v1_enter(thunk, body, &arch::cgo_guard_v1_failure));
  if (temporary) {
    install_lock lock;
    remove_handlers();
  }
  return error;
}

/// Installs everything now, and not at the first guard.
inline void be_ready() noexcept {
  if (process.mode.load(std::memory_order_acquire) == process_mode::ready) return;
  cgo_guard_free(run_with_detour([](void *) {}, nullptr));
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

/// Where cgo_guard_v1_run goes on when the mode is not `ready`.
extern "C" __attribute__((used, cold, visibility("hidden"))) inline cgo_guard_error *cgo_guard_v1_detour(
    void (*thunk)(void *), void *body) {
  return cgo_guard::detail::run_with_detour(thunk, body);
}

#endif  // CGO_GUARD_ENTRY_HPP
