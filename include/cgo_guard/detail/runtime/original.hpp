// SPDX-License-Identifier: BSL-1.0
/// @file original.hpp
/// A function behind one that we define by the same name: what the dynamic linker would have found without us.
///
/// Every module has its own, and so does whatever touches it: which definition comes next depends on who asks. Shared
/// between a program and a library, it would lead from the library's throw to the library's throw.
#ifndef CGO_GUARD_ORIGINAL_HPP
#define CGO_GUARD_ORIGINAL_HPP

#include <atomic>

#include <dlfcn.h>

#include "../../config.hpp"

// Otherwise inline functions and variables are one for all modules, where the compiler has not inlined them.
#define CGO_GUARD_OF_THIS_MODULE __attribute__((visibility("hidden")))

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

class CGO_GUARD_OF_THIS_MODULE original {
 public:
  constexpr explicit original(const char *name) noexcept : name_(name) {}

  /// The next definition of the name after ours, or nullptr where there is none (a static program).
  /// Static constructors of other files may come before the search below; then it is made on the spot.
  template <class Function>
  Function as() noexcept {
    if (!known_.load(std::memory_order_acquire)) look_up();
    return reinterpret_cast<Function>(address_.load(std::memory_order_relaxed));
  }

  void look_up() noexcept {
    address_.store(dlsym(RTLD_NEXT, name_), std::memory_order_relaxed);
    known_.store(true, std::memory_order_release);
  }

 private:
  const char *name_;
  std::atomic<void *> address_{nullptr};
  std::atomic<bool> known_{false};
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ORIGINAL_HPP
