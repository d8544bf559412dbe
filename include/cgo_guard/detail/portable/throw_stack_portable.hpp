// SPDX-License-Identifier: BSL-1.0
/// @file throw_stack_portable.hpp
/// Remembers where exceptions were thrown. Where the guard catches one, the stack of its throw is gone: so it is
/// recorded by __cxa_throw (interpose_portable.hpp), in a table, under the address of the thrown object.
#ifndef CGO_GUARD_THROW_STACK_PORTABLE_HPP
#define CGO_GUARD_THROW_STACK_PORTABLE_HPP

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>

#include <cxxabi.h>

#include "../state/place_of_address.hpp"
#include "error_store_portable.hpp"
#include "stacks_portable.hpp"
#include "walk_portable.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

inline void set_frames(portable_error &slot, const void *const *frames, std::uint64_t total, bool is_cut) noexcept {
  // Of a walk that was cut off, the last frames are not the outermost: a reader would take them for that.
  const std::uint64_t kept = is_cut ? head_frames : frames_kept(total);
  std::memcpy(slot.frames, frames, static_cast<std::size_t>(kept) * sizeof(void *));
  slot.error.frames = slot.frames;
  slot.error.frame_count = kept;
  slot.error.frames_omitted = total - kept;
  slot.error.frames_head = static_cast<std::uint32_t>(slot.error.frames_omitted != 0 ? head_frames : kept);
}

/// The address of the object of the exception that is being handled; nullptr for one of another language.
///
/// An exception_ptr is one pointer, to that object, in libstdc++ (_M_exception_object), libc++ and libcxxrt. It is only
/// compared: where it is anything else, no stack is found for it.
inline const void *object_being_handled() noexcept {
  const std::exception_ptr pointer = std::current_exception();
  const void *object = nullptr;
  if (sizeof pointer == sizeof object) std::memcpy(&object, &pointer, sizeof object);
  return object;
}

struct thrown_from {
  std::atomic<std::uint32_t> version;  ///< odd while it is being written
  std::atomic<const void *> object;
  const void *type;
  std::uint64_t total;
  bool is_cut;
  guard_place guard;
  const int *thread;  ///< by its errno, of which each has its own
  const void *frames[max_frames];
};

/// A place for each address, as in throw_stack.hpp, and for the same reasons.
///
/// An entry outlives its exception, and the next object at that address is another one, which need not come by
/// __cxa_throw: std::make_exception_ptr makes exceptions that are never thrown, only rethrown. So an entry is dropped
/// when its address is given out again (__cxa_allocate_exception). On macOS we are told of neither where another
/// library throws. The type has to be the same, therefore; what is left there is two of one type.
class portable_throw_table {
 public:
  /// @param caller the return address of __cxa_throw.
  void remember(const void *object, const void *type, const void *caller) noexcept {
    thrown_from &entry = entry_of(object);
    std::uint32_t version = entry.version.load(std::memory_order_relaxed);
    if (version % 2 != 0 || !entry.version.compare_exchange_strong(version, version + 1, std::memory_order_acquire))
      return;
    portable_walk walk(caller, entry.frames);
    entry.is_cut = walk.is_cut();
    entry.guard = walk.guard();
    entry.thread = &errno;
    entry.object = entry.guard || entry.is_cut ? object : nullptr;
    entry.type = type;
    entry.total = walk.finish();
    entry.version.store(version + 2, std::memory_order_release);
  }

  /// There will be another object at this address.
  void forget(const void *object) noexcept {
    const void *expected = object;
    std::atomic<const void *> &known = entry_of(object).object;
    if (known.load(std::memory_order_relaxed) == object) known.compare_exchange_strong(expected, nullptr);
  }

  /// Copies the stack of a throw into the error. @return false if it isn't known.
  bool recall(const void *object, const void *type, portable_error &slot) noexcept {
    thrown_from &entry = entry_of(object);
    const std::uint32_t version = entry.version.load(std::memory_order_acquire);
    if (version % 2 != 0 || object == nullptr || entry.object != object || entry.type != type) return false;
    set_frames(slot, entry.frames, entry.total, entry.is_cut);
    if (entry.version.fetch_add(0, std::memory_order_acq_rel) == version) return true;
    slot.error.frame_count = slot.error.frames_omitted = slot.error.frames_head = 0;
    return false;
  }

  /// The guard that the exception was thrown under, if it is still there, and above this call; nullptr otherwise.
  const sited_block *guard_of(const void *object, const void *type) noexcept {
    const thrown_from &entry = entry_of(object);
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    const bool is_known = object != nullptr && entry.version.load(std::memory_order_acquire) % 2 == 0 &&
                          entry.object == object && entry.type == type;
    // Of this stack, so that it can be read.
    return is_known && entry.thread == &errno && entry.guard.low > here ? entry.guard.block() : nullptr;
  }

 private:
  static constexpr std::size_t size = 128;  // 140 KB of .bss, touched as it is used

  thrown_from &entry_of(const void *object) noexcept { return entries_[place_of_address<size>(object)]; }

  thrown_from entries_[size] = {};
};

#if CGO_GUARD_RECORDS_THROWS
CGO_GUARD_CONSTINIT inline portable_throw_table portable_throws;
#endif

/// Only inside a handler. The guard that its exception was thrown under, as above.
inline const sited_block *guard_of_throw() noexcept {
#if CGO_GUARD_RECORDS_THROWS
  return portable_throws.guard_of(object_being_handled(), abi::__cxa_current_exception_type());
#else
  return nullptr;
#endif
}

/// Only inside a handler. Gives the error the stack of the throw, where it is known.
inline void recall_throw([[maybe_unused]] portable_error &slot) noexcept {
#if CGO_GUARD_RECORDS_THROWS
  portable_throws.recall(object_being_handled(), abi::__cxa_current_exception_type(), slot);
#endif
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_THROW_STACK_PORTABLE_HPP
