// SPDX-License-Identifier: BSL-1.0
/// @file cxx_thread_state.hpp
/// What the C++ runtime knows of each thread: which exceptions are being handled, and how many are in flight. Both
/// runtimes keep the same two words (the Itanium C++ ABI's __cxa_eh_globals); where in an exception the list of caught
/// ones points is each one's own.
#ifndef CGO_GUARD_CXX_THREAD_STATE_HPP
#define CGO_GUARD_CXX_THREAD_STATE_HPP

#include <climits>
#include <cstddef>
#include <cstdint>

#include <dlfcn.h>
#include <pthread.h>

#include "cxx_exceptions.hpp"
#include "libc.hpp"

extern "C" void *cgo_guard_v1_cxx_globals() noexcept __asm__("__cxa_get_globals");

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::cxx {

struct globals {
  void *caught;
  unsigned int uncaught;
};

/// The calling thread's. Its first use may allocate: not for the signal handler.
inline globals &current_globals() noexcept { return *static_cast<globals *>(cgo_guard_v1_cxx_globals()); }

inline header &caught_header(const globals &of) noexcept {
  // libc++abi's list leads to the words before the part that both have.
  const std::size_t before_header = serving == maker::libcxxabi ? 16 : 0;
  return *reinterpret_cast<header *>(static_cast<char *>(of.caught) + before_header);
}
/// The exception that was caught last and is still being handled, or nullptr.
inline _Unwind_Exception *caught_last(const globals &of) noexcept {
  return of.caught != nullptr ? &caught_header(of).unwind : nullptr;
}
/// However often it has been caught and thrown on, the end of one catch clause ends it.
inline void make_caught_once(_Unwind_Exception &e) noexcept { header_of(e).handler_count = 1; }
/// It stays as it is, and is no longer one that is being handled. Those of others are not chained.
inline void forget_caught_last(globals &of) noexcept {
  const header &last = caught_header(of);
  of.caught = is_counted_class(last.unwind.exception_class) ? last.next : nullptr;
}

/// Whether `throw;` counts an exception first and looks afterwards whether there is one (libstdc++, eh_throw.cc).
inline bool counts_before_rethrow() noexcept { return serving == maker::libstdcxx; }

/// Ordinary context, once. Only where both runtimes are loaded there is something to find out: names that one of them
/// alone has tell which of the two has the functions.
inline void find_out_who_serves() noexcept {
  void *const libstdcxx = dlsym(RTLD_DEFAULT, "_ZTIN10__cxxabiv115__forced_unwindE");
  void *const libcxxabi = dlsym(RTLD_DEFAULT, "__cxa_increment_exception_refcount");
  libc::module_at functions, other;
  if (libstdcxx == nullptr || libcxxabi == nullptr) {
    if (libstdcxx != libcxxabi) serving = libstdcxx != nullptr ? maker::libstdcxx : maker::libcxxabi;
  } else if (functions.ask_for(reinterpret_cast<std::uintptr_t>(dlsym(RTLD_DEFAULT, "__cxa_get_globals"))) &&
             other.ask_for(reinterpret_cast<std::uintptr_t>(libcxxabi))) {
    serving = functions.bias() == other.bias() ? maker::libcxxabi : maker::libstdcxx;
  }
}

/// Where the signal handler finds it, which must not ask the C++ runtime: that may allocate on a thread's first call.
class thread_state_place {
 public:
  /// Ordinary context, once.
  void look_up() noexcept {
    find_out_who_serves();
    const globals &here = current_globals();
    // A thread-local variable of a library that was there from the start is at the same distance from every thread's
    // pointer, right beside it: the blocks of those libraries are seldom larger than a few KiB together. One of a
    // library that was dlopen'ed (a plugin of a C program) is allocated when a thread first touches it.
    constexpr std::uintptr_t plausible = 16 * 1024;
    const std::uintptr_t distance = arch::distance_from_thread_pointer(reinterpret_cast<std::uintptr_t>(&here));
    if (distance < plausible) {
      distance_ = distance;
      return;
    }
    // Debian's libc++abi allocates it and has a key for it (cxa_exception_storage.cpp), which it doesn't tell.
    for (pthread_key_t key = 0; key < PTHREAD_KEYS_MAX && !has_key_; ++key) {
      has_key_ = pthread_getspecific(key) == &here;
      key_ = key;
    }
  }

  /// What is known of the calling thread, as far as the handler can know it; in doubt nothing. Async-signal-safe:
  /// glibc's and musl's pthread_getspecific read an array of the thread's.
  globals now() const noexcept {
    const void *state = nullptr;
    if (distance_ != 0) {
      state = reinterpret_cast<const void *>(arch::at_distance_from_thread_pointer(distance_));
    } else if (has_key_) {
      state = pthread_getspecific(key_);
    }
    return state != nullptr ? *static_cast<const globals *>(state) : globals{nullptr, 0};
  }

 private:
  std::uintptr_t distance_ = 0;
  pthread_key_t key_ = 0;
  bool has_key_ = false;
};

CGO_GUARD_CONSTINIT inline thread_state_place state_place;

}  // namespace detail::cxx
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CXX_THREAD_STATE_HPP
