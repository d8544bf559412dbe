// SPDX-License-Identifier: BSL-1.0
/// @file alternate_stack.hpp
/// An alternate signal stack for threads that C++ starts. Without one a stack overflow there ends the process: there is
/// no room left to tell anybody of it.
#ifndef CGO_GUARD_ALTERNATE_STACK_HPP
#define CGO_GUARD_ALTERNATE_STACK_HPP

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

// What the kernel may push with AVX-512 and AMX is 11 KiB (getauxval(AT_MINSIGSTKSZ)), our handler's walk needs a few
// more, and a Go runtime that adopts the stack runs its own handlers there: it gives its threads 32 KiB
// (runtime/os_linux.go, malg(32 * 1024)). Only the pages that are touched take memory.
constexpr std::size_t alternate_stack_size = 64 * 1024;

/// The mapping: a page that can't be touched, and the stack above it.
struct alternate_stack {
  std::uintptr_t base;

  static std::size_t guard_size() noexcept { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }
  static std::size_t mapped_size() noexcept { return guard_size() + alternate_stack_size; }
  void *lowest() const noexcept { return reinterpret_cast<void *>(base + guard_size()); }
  void unmap() const noexcept { munmap(reinterpret_cast<void *>(base), mapped_size()); }
};

inline void release_alternate_stack(void *value) noexcept;

/// The key whose destructor releases the stack at the end of the thread. Not a thread-local object: those are destroyed
/// before any key, while Go code may still run on the thread; and their first use may allocate in a plugin.
class alternate_stack_key {
 public:
  bool set(std::uintptr_t value) noexcept {
    std::uint64_t known = key_.load(std::memory_order_acquire);
    if (known == 0) known = create();
    return known != 0 &&
           pthread_setspecific(static_cast<pthread_key_t>(known - 1), reinterpret_cast<void *>(value)) == 0;
  }

 private:
  std::uint64_t create() noexcept {
    pthread_key_t fresh;
    if (pthread_key_create(&fresh, &release_alternate_stack) != 0) return 0;
    std::uint64_t known = 0;
    if (key_.compare_exchange_strong(known, std::uint64_t{fresh} + 1)) return std::uint64_t{fresh} + 1;
    pthread_key_delete(fresh);  // another thread was first
    return known;
  }

  std::atomic<std::uint64_t> key_{0};  ///< the key plus one, 0 before there is one
};

inline alternate_stack_key alternate_stack_owner;

// Destructors of keys run in rounds, of which there are four (PTHREAD_DESTRUCTOR_ITERATIONS), and in no order within a
// round. From 1.21 on Go keeps what it needs on a C thread until its own destructor, which still runs Go code and may
// be hit by a preemption signal on a stack it has adopted. So ours waits: one round for that destructor, and one more
// for those of others that call into Go, which makes Go set its key again.
constexpr std::uintptr_t rounds_to_wait = 2;
static_assert(rounds_to_wait < 4, "the fourth round is the last");

/// The destructor. `value` is the address of the mapping plus the rounds it has waited; a page has room for that.
inline void release_alternate_stack(void *value) noexcept {
  const auto bits = reinterpret_cast<std::uintptr_t>(value);
  const std::uintptr_t waited = bits & 3;
  if (waited < rounds_to_wait && alternate_stack_owner.set(bits + 1)) return;
  const alternate_stack stack{bits - waited};
  stack_t current = {};
  if (sigaltstack(nullptr, &current) != 0) return;
  if (current.ss_sp == stack.lowest() && (current.ss_flags & SS_DISABLE) == 0) {
    stack_t none = {};
    none.ss_flags = SS_DISABLE;
    if (sigaltstack(&none, nullptr) != 0) return;  // we are on it
  }
  stack.unmap();
}

}  // namespace detail

/// Gives the calling thread an alternate signal stack until it ends, unless it has one: then that is left alone. For
/// threads that neither Go nor cgo_guard::thread has started, so that a guard there can take a stack overflow too.
/// enter_thread does it by itself.
/// @return false if there was no memory for it. A guard then still takes everything but a stack overflow.
inline bool prepare_this_thread() noexcept {
  using namespace detail;
  const int saved_errno = errno;
  stack_t current = {};
  bool has_one = sigaltstack(nullptr, &current) == 0 && (current.ss_flags & SS_DISABLE) == 0;
  if (!has_one) {
    void *const memory = mmap(nullptr, alternate_stack::mapped_size(), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory != MAP_FAILED) {
      const alternate_stack stack{reinterpret_cast<std::uintptr_t>(memory)};
      stack_t ours = {};
      ours.ss_sp = stack.lowest();
      ours.ss_size = alternate_stack_size;
      // The owner before the stack: a stack that nobody will release must not come into use.
      has_one = mprotect(memory, alternate_stack::guard_size(), PROT_NONE) == 0 &&
                alternate_stack_owner.set(stack.base) && sigaltstack(&ours, nullptr) == 0;
      if (!has_one) {
        alternate_stack_owner.set(0);
        stack.unmap();
      }
    }
  }
  errno = saved_errno;
  return has_one;
}

CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ALTERNATE_STACK_HPP
