// SPDX-License-Identifier: BSL-1.0
/// @file noted_modules.hpp
/// Which modules the frames of errors were in. Names come when somebody asks, and by then a module may have been
/// unloaded (dlclose), and another one may have taken its addresses: its names would be wrong, and worse than none.
#ifndef CGO_GUARD_NOTED_MODULES_HPP
#define CGO_GUARD_NOTED_MODULES_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <sched.h>

#include "../../config.hpp"
#include "loaded_module.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// A module that was there when an error was made.
struct noted_module {
  std::uintptr_t begin, end, bias;
  std::size_t build_id_size;
  unsigned char build_id[64];
  char path[512];  ///< cut off where longer

  bool is(const loaded_module &module) const noexcept {
    return module.found && begin == module.begin && build_id_size == module.build_id_size &&
           std::memcmp(build_id, module.build_id, build_id_size) == 0 &&
           std::strncmp(path, module.path, sizeof path - 1) == 0;
  }
};

/// Only ever appended to, so that it is read without a lock; a count of it is a moment. When it is full, after 256
/// modules or versions of them, the frames of those that come then are named by what is loaded when somebody asks.
class noted_modules {
 public:
  /// The module at an address, as it was at that moment, or nullptr where none was noted.
  const noted_module *find(std::uintptr_t address, std::uint64_t moment) const noexcept {
    for (std::size_t i = moment < size ? moment : size; i-- > 0;) {
      if (address >= entries_[i].begin && address < entries_[i].end) return &entries_[i];
    }
    return nullptr;
  }

  /// Notes the modules of a stack, in ordinary context: it asks the dynamic linker, under its lock. Most stacks are in
  /// modules that stay, and cost a comparison a frame.
  /// @param stays tells of an address whether it is in such a module.
  /// @return the moment, 0 for a stack that needs none.
  template <class Stays>
  std::uint64_t note(const void *const *frames, std::uint64_t count, Stays &&stays) noexcept {
    std::uint64_t moment = 0;
    std::uintptr_t begin = 0, end = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto address = reinterpret_cast<std::uintptr_t>(frames[i]);
      if (stays(address) || (address >= begin && address < end)) continue;
      libc::module_at found;
      if (!found.find(address)) continue;
      begin = found.begin();
      end = found.end();
      loaded_module module;
      find_module(frames[i], module);
      if (module.found) moment = append(module, address, end);
    }
    return moment;
  }

 private:
  std::uint64_t append(const loaded_module &module, std::uintptr_t address, std::uintptr_t end) noexcept {
    // For the time of a copy. A fork's child may find it taken for ever: then the frames go without.
    for (int tries = 0; busy_.exchange(true, std::memory_order_acquire); ++tries) {
      if (tries == 1000) return count_.load(std::memory_order_acquire);
      sched_yield();
    }
    std::size_t count = count_.load(std::memory_order_relaxed);
    const noted_module *const last = find(address, count);
    if ((last == nullptr || !last->is(module)) && count < size) {
      noted_module &entry = entries_[count];
      entry.begin = module.begin;
      entry.end = end;
      entry.bias = module.bias;
      entry.build_id_size = module.build_id_size;
      std::memcpy(entry.build_id, module.build_id, module.build_id_size);
      std::memcpy(entry.path, module.path, strnlen(module.path, sizeof entry.path - 1));
      count_.store(++count, std::memory_order_release);
    }
    busy_.store(false, std::memory_order_release);
    return count;
  }

  static constexpr std::size_t size = 256;  // 160 KB of .bss, touched as it fills
  std::atomic<std::size_t> count_{0};
  std::atomic<bool> busy_{false};
  noted_module entries_[size] = {};
};

CGO_GUARD_CONSTINIT inline noted_modules modules_of_errors;

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_NOTED_MODULES_HPP
