// SPDX-License-Identifier: BSL-1.0
/// @file walk_portable.hpp
/// From a throw, or from std::terminate, up to the guard: by the walk of the unwinder that the platform has.
///
/// _Unwind_Backtrace and what a callback of it may ask are the same in libgcc and in LLVM's libunwind, which is also
/// that of macOS, FreeBSD and Android. Two of the answers need a word. _Unwind_GetCFA gives the stack pointer of the
/// frame, which is the canonical frame address of the one below: both say so, tried with libgcc on x86-64 and 64-bit
/// Arm, and with libunwind on both. _Unwind_GetRegionStart gives the begin of the function, from whatever table the
/// walk goes by, DWARF's or Apple's compact one.
#ifndef CGO_GUARD_WALK_PORTABLE_HPP
#define CGO_GUARD_WALK_PORTABLE_HPP

#include <cstddef>
#include <cstdint>

#include <unwind.h>

#include "../../contract.hpp"
#include "../../guard.hpp"
#include "../state/frame_list.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Stands in the frame of a guard, so that a walk which comes there finds out which guard that is. A thread-local list
/// of guards would say it too; but a longjmp or a Go panic passes guards without a word, and such a list would go on
/// naming them.
class guard_mark {
 public:
  guard_mark(void (*thunk)(void *), void *body) noexcept
      : place_(key_of(reinterpret_cast<std::uintptr_t>(this))), thunk_(thunk), body_(body) {}
  /// The frame of a later guard may come to lie over this one.
  ~guard_mark() { place_ = 0; }
  guard_mark(const guard_mark &) = delete;
  guard_mark &operator=(const guard_mark &) = delete;

  /// The block and the site of a guard that run_guarded has entered, or nullptr.
  const sited_block *block() const noexcept {
    return thunk_ == &sited_thunk ? static_cast<const sited_block *>(body_) : nullptr;
  }

  /// The one mark among the words of a frame; nullptr where there is none, or one more that somebody has left there.
  /// Reads what is no variable of anybody's, so not for AddressSanitizer.
  __attribute__((no_sanitize_address)) static const guard_mark *in_frame(std::uintptr_t low,
                                                                         std::uintptr_t high) noexcept {
    if (high <= low || high - low > largest_frame) return nullptr;
    const guard_mark *found = nullptr;
    for (std::uintptr_t at = low; high - at >= sizeof(guard_mark); at += sizeof(void *)) {
      const auto *const mark = reinterpret_cast<const guard_mark *>(at);
      if (mark->place_ != key_of(at)) continue;
      if (found != nullptr) return nullptr;
      found = mark;
    }
    return found;
  }

 private:
  static constexpr std::uintptr_t largest_frame = 2048;  // it has some 80 bytes, and not optimised twice that
  static constexpr std::uintptr_t key_of(std::uintptr_t place) noexcept {
    return place ^ static_cast<std::uintptr_t>(UINT64_C(0x6367756172646d6b));  // "cguardmk"
  }

  // Volatile, because nobody reads them whom the compiler can see.
  volatile std::uintptr_t place_;
  void (*volatile thunk_)(void *);
  void *volatile body_;
};

/// Where a guard stands: the stack pointer in its frame, and in that of its caller.
struct guard_place {
  std::uintptr_t low = 0, high = 0;

  explicit operator bool() const noexcept { return low != 0; }

  /// What is known of the guard: nullptr where another module has entered it, and where it has returned since.
  const sited_block *block() const noexcept {
    const guard_mark *const mark = guard_mark::in_frame(low, high);
    return mark != nullptr ? mark->block() : nullptr;
  }
};

/// The call sites from a frame up to the guard that it runs under.
class portable_walk {
 public:
  /// How many frames it looks at, a tenth of a microsecond each. A recursion in which every level throws anew would
  /// otherwise cost the square of its depth.
  static constexpr std::uint64_t most_frames = 128 * max_frames;

  /// @param begin the return address by which the first frame is known. @param frames of max_frames.
  portable_walk(const void *begin, const void **frames) noexcept : begin_(begin), frames_(frames) {
    _Unwind_Backtrace(&step, this);
    const sited_block *const block = guard_.block();
    // A block that ends in a call may have left no frame, and its thunk neither. Then it is named by the thunk's
    // address.
    if (block != nullptr && last_begin_ != address_of(block->thunk)) frames_.add(address_of(block->thunk));
  }
  portable_walk(const portable_walk &) = delete;
  portable_walk &operator=(const portable_walk &) = delete;

  const guard_place &guard() const noexcept { return guard_; }
  /// Whether it gave up before it had come to a guard or to the end.
  bool is_cut() const noexcept { return !guard_ && seen_ == most_frames; }
  /// Puts the frames in order. @return how many there were, of which frames_kept() are there.
  std::uint64_t finish() noexcept { return frames_.finish(); }

 private:
  template <class Function>
  static std::uintptr_t address_of(Function *function) noexcept {
    return reinterpret_cast<std::uintptr_t>(function);
  }

  static _Unwind_Reason_Code step(_Unwind_Context *context, void *walk) {
    return static_cast<portable_walk *>(walk)->visit(context) ? _URC_NO_REASON : _URC_END_OF_STACK;
  }

  /// @return whether to go on.
  bool visit(_Unwind_Context *context) noexcept {
    const auto sp = static_cast<std::uintptr_t>(_Unwind_GetCFA(context));
    if (guard_) {
      guard_.high = sp;
      return false;
    }
    const auto pc = static_cast<std::uintptr_t>(_Unwind_GetIP(context));
    if (pc == 0) return false;  // libgcc's way of saying that this was the last
    const auto begin = static_cast<std::uintptr_t>(_Unwind_GetRegionStart(context));
    if (begin == address_of(&cgo_guard_v1_run)) {
      guard_.low = sp;
      return true;
    }
    begun_ = begun_ || pc == reinterpret_cast<std::uintptr_t>(begin_);
    if (begun_ && begin != address_of(&sited_thunk)) {
      frames_.add(pc - 1);
      last_begin_ = begin;
    }
    return ++seen_ < most_frames;
  }

  const void *begin_;
  frame_list frames_;
  bool begun_ = false;
  std::uint64_t seen_ = 0;
  std::uintptr_t last_begin_ = 0;  ///< of the function of the last frame
  guard_place guard_;
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_WALK_PORTABLE_HPP
