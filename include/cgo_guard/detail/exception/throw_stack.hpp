// SPDX-License-Identifier: BSL-1.0
/// @file throw_stack.hpp
/// Remembers where exceptions were thrown, so that one that was caught and thrown again still tells.
///
/// The trampoline's personality sees a throw only if nobody below it catches. `catch (const std::exception &) { log();
/// throw; }` is the commonest code there is, and by the time of its `throw;` the stack of the first one is gone. So
/// __cxa_throw is ours (interpose.hpp): it walks to the guard, 15 to 20 ns a frame where a throw costs a microsecond,
/// and leaves the frames in a table under the address of the thrown object.
#ifndef CGO_GUARD_THROW_STACK_HPP
#define CGO_GUARD_THROW_STACK_HPP

#include <atomic>

#include "../runtime/loader_lock.hpp"
#include "../stack/noted_modules.hpp"
#include "../state/place_of_address.hpp"
#include "../unwind/unwind.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

struct thrown_stack {
  std::atomic<std::uint32_t> version;  ///< odd while it is being written
  const void *object;
  std::uintptr_t guard_cfa;
  std::uint64_t total;
  std::uintptr_t cut_sp;  ///< where the walk was cut off, and the frames are in the order of frame_list; else 0
  left_handlers left;
  const void *frames[max_frames];
};

/// A place for each address, not for each exception: two exceptions in flight that share one cost the older its first
/// stack, and it is reported with that of its rethrow. Fixed, because a throw of std::bad_alloc must find room too.
class throw_table {
 public:
  /// How many frames of a throw are looked at, ours and the unwinder's among them. A recursion in which every level
  /// catches and throws again would otherwise cost the square of its depth. The rest is looked at when the exception
  /// has come to the guard, which is where the unwinder walks as far.
  static constexpr std::uint64_t most_frames = 2 * max_frames;

  /// @param throw_frame an address in the frame of __cxa_throw, whose caller threw.
  /// @return the number of frames looked at.
  std::uint64_t remember(const void *object, std::uintptr_t throw_frame) noexcept {
    thrown_stack &entry = entry_of(object);
    std::uint32_t version = entry.version.load(std::memory_order_relaxed);
    if (version % 2 != 0 || !entry.version.compare_exchange_strong(version, version + 1, std::memory_order_acquire))
      return 0;
    frame_cache cache;
    cursor position(registers_here(), false, cache);
    frame_list frames(entry.frames);
    crossed_signals crossed;
    bool past_throw = false;
    std::uint64_t seen = 0;
    const auto visit = [&](const frame_facts &facts, const cursor &at) noexcept {
      ++seen;
      crossed.is_interrupted(facts, at);
      // Begin with the caller of __cxa_throw, whose frame this function may or may not be part of.
      if (past_throw) frames.add(at.call_site());
      past_throw = past_throw || at.cfa() > throw_frame;
    };
    const guard_frame guard = walk_to_guard(position, visit, most_frames);
    const bool cut = !guard && seen == most_frames;
    entry.object = guard || cut ? object : nullptr;
    entry.guard_cfa = guard.cfa;
    entry.cut_sp = cut ? position.registers().sp() : 0;
    entry.total = cut ? frames.count() : frames.finish();
    entry.left = crossed.left();
    entry.version.store(version + 2, std::memory_order_release);
    return seen;
  }

  /// Copies the stack of the object's first throw into the record.
  /// @param cut_sp gets the stack pointer from which on record_rest has to go on, or 0
  /// @return false if it isn't known any more, or was thrown under another guard.
  bool recall(const void *object, std::uintptr_t guard_cfa, guard_record &record, std::uintptr_t &cut_sp) noexcept {
    thrown_stack &entry = entry_of(object);
    const std::uint32_t version = entry.version.load(std::memory_order_acquire);
    cut_sp = entry.cut_sp;
    if (version % 2 != 0 || entry.object != object || (cut_sp == 0 && entry.guard_cfa != guard_cfa)) return false;
    const std::uint64_t total = entry.total;
    record.left = entry.left;
    std::memcpy(record.frames, entry.frames, frames_kept(total) * sizeof(void *));
    // Read again behind the copy: by an addition of nothing that releases (H. Boehm, "Can seqlocks get along with
    // programming language memory models?", 2012). A fence would do, but ThreadSanitizer has none, and GCC says so.
    if (entry.version.fetch_add(0, std::memory_order_acq_rel) != version) return false;
    record.total = total;
    return true;
  }

 private:
  static constexpr std::size_t size = 128;  // 140 KB of .bss, touched as it is used

  thrown_stack &entry_of(const void *object) noexcept { return entries_[place_of_address<size>(object)]; }

  thrown_stack entries_[size] = {};
};

CGO_GUARD_CONSTINIT inline throw_table throw_stacks;

/// Notes which modules a record's frames are in.
inline void note_modules(guard_record &record) noexcept {
  record.modules = modules_of_errors.note(record.frames, frames_kept(record.total),
                                          [](std::uintptr_t address) { return lasting.is_allowed(address); });
}

/// Adds the frames of a throw whose walk was cut off, from there to the guard. Called in the search phase.
/// @return false where that frame is gone: the exception has been caught above it, or comes from another stack.
[[gnu::noinline]] inline bool record_rest(guard_record &record, std::uintptr_t cut_sp) noexcept {
  frame_cache cache;
  cursor position(registers_here(), false, cache);
  frame_list frames(record.frames, record.total);
  crossed_signals crossed;
  bool reached = false;
  walk_to_guard(position, [&](const frame_facts &facts, const cursor &at) noexcept {
    reached = reached || at.registers().sp() == cut_sp;
    if (!reached) return;
    crossed.is_interrupted(facts, at);
    frames.add(at.call_site());
  });
  if (!reached) return false;
  record.total = frames.finish();
  if (crossed.left().handlers != 0) {
    const int below = record.left.handlers;
    record.left = crossed.left();
    record.left.handlers += below;
  }
  return true;
}

/// Whether the loader is between here and the guard.
[[gnu::noinline]] inline bool loader_is_left() noexcept {
  frame_cache cache;
  cursor position(registers_here(), false, cache);
  bool found = false;
  walk_to_guard(position, [&found](const frame_facts &, const cursor &at) noexcept {
    if (the_loader.contains(at.call_site())) found = true;
  });
  return found;
}

/// Records the stack of an exception that has reached the guard, in the search phase: the first throw's where it is
/// known, else the one that is on the stack now. The modules too: a destructor may unload one before the guard has it.
inline void record_exception_stack(_Unwind_Exception &e, const guard_frame &guard) noexcept {
  guard_record &record = guard.record();
  const void *const object = cxx::object_of(e);
  std::uintptr_t cut_sp = 0;
  const bool recalled = object != nullptr && throw_stacks.recall(object, guard.cfa, record, cut_sp) &&
                        (cut_sp == 0 || record_rest(record, cut_sp));
  if (!recalled) record_throw(record);
  record.through_loader = any_is_loaders(record.frames, frames_kept(record.total));
  // The first throw may have been caught below the loader, and have come here another way.
  if (record.through_loader && recalled) record.through_loader = loader_is_left();
  if (record.through_loader) loader_lock_left.store(true, std::memory_order_relaxed);
  note_modules(record);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_THROW_STACK_HPP
