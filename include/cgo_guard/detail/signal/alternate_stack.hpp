// SPDX-License-Identifier: BSL-1.0
/// @file alternate_stack.hpp
/// An alternate signal stack for threads that C++ starts. Without one a stack overflow there ends the process: there is
/// no room left to tell anybody of it. With one that is too small, handlers write over what lies below it.
#ifndef CGO_GUARD_ALTERNATE_STACK_HPP
#define CGO_GUARD_ALTERNATE_STACK_HPP

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include <pthread.h>
#include <sys/auxv.h>

#include "../runtime/guarded_stack.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

// What the kernel may push with AVX-512 and AMX is 11 KiB (getauxval(AT_MINSIGSTKSZ)), our handler's walk needs a few
// more, and a Go runtime that adopts the stack runs its own handlers there: it gives its threads 32 KiB
// (runtime/os_linux.go, malg(32 * 1024)). Only the pages that are touched take memory.
constexpr std::size_t alternate_stack_size = 64 * 1024;

// Names of the kernel's that older C libraries don't have yet (asm/auxvec.h, linux/signal.h).
#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

/// The largest frame that the kernel puts on the stack for a signal, on this processor. It grows with the registers
/// that there are to save.
inline std::size_t kernel_frame_size() noexcept {
  const auto said = static_cast<std::size_t>(getauxval(AT_MINSIGSTKSZ));
  return said != 0 ? said : arch::usual_signal_frame;
}

// What handlers have beside the kernel's frame on a stack that is left alone. Ours needs 2 KiB, as it does its work on
// a stack of its own (handler_stack.hpp); a crash that is nobody's ends in Go's, which prints goroutines from there.
constexpr std::size_t room_for_handlers = 16 * 1024;

/// Whether a thread's alternate stack is there, and is large enough to be left alone.
inline bool has_room(const stack_t &stack) noexcept {
  return (stack.ss_flags & SS_DISABLE) == 0 && stack.ss_size >= kernel_frame_size() + room_for_handlers;
}

// With the clearance, because the kernel maps it below what it has mapped last, which is the new thread's own stack as
// a rule: the very one whose overflow it is for.
using alternate_stack = guarded_stacks<alternate_stack_size, 1, stack_clearance>;

inline void release_alternate_stack(void *value) noexcept;

/// The key whose destructor releases the stack at the end of the thread. Not a thread-local object: those are destroyed
/// before any key, while Go code may still run on the thread; and their first use may allocate in a plugin.
class alternate_stack_key {
 public:
  /// What the thread has set last, 0 for nothing.
  std::uintptr_t get() const noexcept {
    const std::uint64_t known = key_.load(std::memory_order_acquire);
    return known == 0 ? 0
                      : reinterpret_cast<std::uintptr_t>(pthread_getspecific(static_cast<pthread_key_t>(known - 1)));
  }
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

CGO_GUARD_CONSTINIT inline alternate_stack_key alternate_stack_owner;

// Destructors of keys run in rounds, of which there are four (PTHREAD_DESTRUCTOR_ITERATIONS), and in no order within a
// round. From 1.21 on Go keeps what it needs on a C thread until its own destructor, which still runs Go code and may
// be hit by a preemption signal on a stack it has adopted. So ours waits: one round for that destructor, and one more
// for those of others that call into Go, which makes Go set its key again.
constexpr std::uintptr_t rounds_to_wait = 2;
static_assert(rounds_to_wait < 4, "the fourth round is the last");

// The key's value is the address of the mapping plus the rounds it has waited; a page has room for that.
constexpr std::uintptr_t rounds_mask = 3;

inline void release_alternate_stack(void *value) noexcept {
  const auto bits = reinterpret_cast<std::uintptr_t>(value);
  const std::uintptr_t waited = bits & rounds_mask;
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

/// The calling thread's stack of ours, made where it has none yet. @return base 0 if there was no memory for it.
inline alternate_stack own_alternate_stack() noexcept {
  if (const std::uintptr_t known = alternate_stack_owner.get()) return {known & ~rounds_mask};
  alternate_stack stack;
  stack.map();
  // The owner before its use: a stack that nobody will release must not come into use.
  if (stack.base == 0 || alternate_stack_owner.set(stack.base)) return stack;
  stack.unmap();
  return {};
}

/// Sees to it that signals of the calling thread have a stack with room. One that is too small belongs to somebody, who
/// will disable or release it himself; so it is only put aside.
/// @param before what the thread had. @return whether there is one with room now.
inline bool provide_alternate_stack(stack_t &before) noexcept {
  if (sigaltstack(nullptr, &before) != 0) return false;
  if (has_room(before)) return true;
  const alternate_stack stack = own_alternate_stack();
  if (stack.base == 0) return false;
  stack_t ours = {};
  ours.ss_sp = stack.lowest();
  ours.ss_size = alternate_stack_size;
  return sigaltstack(&ours, nullptr) == 0;  // refused in a handler that runs on the one there is
}

/// Puts a stack back that was too small, unless somebody has put yet another one there.
inline void put_alternate_stack_back(const stack_t &before) noexcept {
  stack_t current = {};
  if ((before.ss_flags & SS_DISABLE) != 0 || has_room(before) || sigaltstack(nullptr, &current) != 0) return;
  const std::uintptr_t known = alternate_stack_owner.get();
  if (known != 0 && current.ss_sp == alternate_stack{known & ~rounds_mask}.lowest()) sigaltstack(&before, nullptr);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ALTERNATE_STACK_HPP
