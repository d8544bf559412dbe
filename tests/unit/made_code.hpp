// SPDX-License-Identifier: BSL-1.0
/// @file made_code.hpp
/// Code that a JIT made: in no module, and without unwind tables.
#ifndef CGO_GUARD_TESTS_UNIT_MADE_CODE_HPP
#define CGO_GUARD_TESTS_UNIT_MADE_CODE_HPP

#include <cstring>

#include <sys/mman.h>

#include "processor.hpp"

class made_code {
 public:
  static constexpr std::size_t size = 4096;

  explicit made_code(const processor::code::bytes &instructions)
      : memory_(static_cast<char *>(
            mmap(nullptr, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    write(0, instructions);
  }
  ~made_code() { munmap(memory_, size); }
  made_code(const made_code &) = delete;
  made_code &operator=(const made_code &) = delete;

  void write(std::size_t at, const processor::code::bytes &instructions) const {
    std::memcpy(memory_ + at, instructions.data(), instructions.size());
    __builtin___clear_cache(memory_ + at, memory_ + at + instructions.size());
  }
  std::uintptr_t begin() const { return reinterpret_cast<std::uintptr_t>(memory_); }
  bool contains(std::uintptr_t pc) const { return pc - begin() < size; }
  int call(void *argument = nullptr) const {
    const int result = reinterpret_cast<int (*)(void *)>(memory_)(argument);
    asm volatile("" ::: "memory");  // so that the call is not a jump
    return result;
  }

 private:
  char *memory_;
};

#endif  // CGO_GUARD_TESTS_UNIT_MADE_CODE_HPP
