// SPDX-License-Identifier: BSL-1.0
/// @file guarded_stack.hpp
/// Memory for stacks of our own. Async-signal-safe: nothing but system calls.
#ifndef CGO_GUARD_GUARDED_STACK_HPP
#define CGO_GUARD_GUARDED_STACK_HPP

#include <cstddef>
#include <cstdint>

#include <sys/mman.h>

#include "../arch/arch.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

// To the stack of a thread that may lie right above: frames of 100 KiB step over the page that a stack ends with, and
// such an overflow is to end in front of ours, not in it. Nothing but addresses is spent on it.
constexpr std::size_t stack_clearance = 1024 * 1024;

/// `count` stacks, each above a page that can't be touched. Only the pages that are touched take memory.
template <std::size_t size, std::size_t count = 1, std::size_t clearance = 0>
struct guarded_stacks {
  std::uintptr_t base = 0;  ///< 0 where there is no memory for them

  void map() noexcept {
    void *const memory =
        mmap(nullptr, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return;
    base = reinterpret_cast<std::uintptr_t>(memory);
    for (std::size_t i = 0; i < count; ++i) {
      if (mprotect(lowest(i), size, PROT_READ | PROT_WRITE) == 0) continue;
      unmap();
      base = 0;
      return;
    }
  }
  void unmap() const noexcept { munmap(reinterpret_cast<void *>(base), mapped); }

  char *lowest(std::size_t i = 0) const noexcept { return reinterpret_cast<char *>(base + i * distance + page); }
  char *top(std::size_t i = 0) const noexcept { return lowest(i) + size; }

  /// Whether an address is in one of them, or in the page below it.
  bool contain(std::uintptr_t address) const noexcept { return base != 0 && address - base < count * distance; }

 private:
  static constexpr std::size_t page = arch::largest_page_size;
  static constexpr std::size_t distance = page + size;
  static constexpr std::size_t mapped = count * distance + clearance;
};

/// One, for as long as this lives.
template <std::size_t size>
class temporary_stack {
 public:
  temporary_stack() noexcept { stack_.map(); }
  ~temporary_stack() {
    if (stack_.base != 0) stack_.unmap();
  }
  temporary_stack(const temporary_stack &) = delete;
  temporary_stack &operator=(const temporary_stack &) = delete;

  explicit operator bool() const noexcept { return stack_.base != 0; }
  char *top() const noexcept { return stack_.top(); }

 private:
  guarded_stacks<size> stack_;
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_GUARDED_STACK_HPP
