// SPDX-License-Identifier: BSL-1.0
/// @file frame_cache.hpp
/// What was learned about frames, so that it need not be learned again: reading the tables costs 200 to 300 ns a frame,
/// a look-up here less than a tenth. Async-signal-safe, lock-free.
#ifndef CGO_GUARD_FRAME_CACHE_HPP
#define CGO_GUARD_FRAME_CACHE_HPP

#include <atomic>

#include "frame_rules.hpp"
#include "landing_pad.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

struct address_range {
  std::uintptr_t begin = 0, end = 0;
  bool contains(std::uintptr_t address) const noexcept { return address - begin < end - begin; }
};

/// All that is known of frames at one PC, small enough to keep many.
struct frame_facts {
  std::uintptr_t begin;  ///< start of the function (or of its cold part)
  std::uintptr_t personality;
  landing_pad pad;
  std::uint64_t args_size;
  bool signal_frame;
  bool end_of_stack;
  bool simple;  ///< the fields below say it all; otherwise the rules are computed again
  unsigned char cfa_register;
  unsigned char saved_count;
  std::int32_t cfa_offset;
  struct saved {
    std::int32_t offset;
    std::int32_t reg;
  } saved[arch::most_saved_registers];
};

/// The one function that is known without frame information: without it, a broken noexcept in code that clang compiled
/// without -g would have no stack and no cleanup.
inline bool learn_bare_terminate(std::uintptr_t pc, frame_facts &out) noexcept {
  const std::int32_t to_cfa = arch::frame_of_bare_terminate(pc);
  if (to_cfa == 0) return false;
  out = frame_facts{};
  out.simple = true;
  out.cfa_register = arch::sp_register;
  out.cfa_offset = to_cfa;
  out.saved_count = 1;
  out.saved[0] = {arch::bare_terminate_return_offset, arch::return_register};
  return true;
}

/// Nor has the code to which a signal handler returns, with some kernels and libraries; or it has some that don't know
/// of all registers (signal_return_is_libcs).
inline bool learn_signal_return(std::uintptr_t pc, frame_facts &out) noexcept {
  if (!is_signal_return_without_tables(pc)) return false;
  out = frame_facts{};
  out.signal_frame = true;
  return true;
}

/// Fills in the facts. @return false where there is no frame information.
inline bool learn_facts(std::uintptr_t pc, frame_facts &out) noexcept {
  if (learn_signal_return(pc, out)) return true;
  frame_description description;
  if (!find_frame_description(pc, description)) return learn_bare_terminate(pc, out);
  out.begin = description.begin;
  out.personality = description.personality;
  out.signal_frame = description.signal_frame;
  out.pad = find_landing_pad(description, pc);
  rule_interpreter interpreter(description, pc);
  if (!interpreter.run()) return false;
  const frame_rules &rules = interpreter.rules();
  out.args_size = interpreter.args_size();
  if (rules.cfa_register >= arch::register_count) return false;
  out.end_of_stack = rules.of[arch::return_register].kind == rule_kind::undefined;
  const auto fits = [](std::int64_t offset) { return offset == static_cast<std::int32_t>(offset); };
  out.simple = !rules.cfa_is_expression && fits(rules.cfa_offset) && !description.signal_frame &&
               arch::index_of(description.return_register) == arch::return_register;
  out.saved_count = 0;
  out.cfa_register = static_cast<unsigned char>(rules.cfa_register);
  out.cfa_offset = static_cast<std::int32_t>(rules.cfa_offset);
  for (int i = 0; i < arch::register_count && out.simple; ++i) {
    const register_rule &rule = rules.of[i];
    if (rule.kind == rule_kind::same || rule.kind == rule_kind::undefined) continue;
    // A rule of the stack pointer's own comes in place of the CFA: a callee that pops its arguments.
    if (rule.kind != rule_kind::offset || !fits(rule.offset) || i == arch::sp_register ||
        out.saved_count == arch::most_saved_registers) {
      out.simple = false;
    } else {
      out.saved[out.saved_count++] = {static_cast<std::int32_t>(rule.offset), i};
    }
  }
  return true;
}

inline std::size_t slot_of_pc(std::uintptr_t pc) noexcept { return pc ^ (pc >> 5) ^ (pc >> 11); }

/// Facts about code that can't be unloaded while we are here: the main program, our own module, and the libraries ours
/// is linked to. Under cgo that is nearly all there is. Filled as frames are met, never emptied, shared by all threads.
/// Code in other modules is looked up again in every walk: after a dlclose its addresses may mean something else.
class lasting_facts {
 public:
  /// Before the first walk; not for the signal handler.
  void allow(const address_range &range) noexcept {
    if (range_count_ < max_ranges) ranges_[range_count_++] = range;
  }

  const frame_facts *find(std::uintptr_t pc) noexcept {
    if (!is_allowed(pc)) return nullptr;
    for (std::size_t i = slot_of_pc(pc), probes = 0; probes < 8; ++i, ++probes) {
      slot &s = slots_[i % size];
      std::uintptr_t key = s.key.load(std::memory_order_acquire);
      if (key == pc) return &s.facts;
      if (key != 0) continue;
      if (!s.key.compare_exchange_strong(key, being_written, std::memory_order_acquire)) {
        if (key == pc) return &s.facts;
        continue;
      }
      const bool known = learn_facts(pc, s.facts);
      s.key.store(known ? pc : 0, std::memory_order_release);
      return known ? &s.facts : nullptr;
    }
    return nullptr;
  }

  /// Whether an address is in a module that stays.
  bool is_allowed(std::uintptr_t address) const noexcept {
    for (int i = 0; i < range_count_; ++i) {
      if (ranges_[i].contains(address)) return true;
    }
    return false;
  }

 private:
  static constexpr std::size_t size = 1024;  // 170 KB of .bss, touched as it fills
  static constexpr int max_ranges = 5;
  static constexpr std::uintptr_t being_written = 1;  // a fault in the middle leaves it so: one slot lost, nothing else
  struct slot {
    std::atomic<std::uintptr_t> key{0};
    frame_facts facts{};
  };
  address_range ranges_[max_ranges];
  int range_count_ = 0;
  slot slots_[size];
};

CGO_GUARD_CONSTINIT inline lasting_facts lasting;

/// The facts of one walk: the lasting ones, and a few of its own for a recursion in a module that could go away.
class frame_cache {
 public:
  /// Facts for a PC, or nullptr where there is no frame information.
  const frame_facts *find(std::uintptr_t pc) noexcept {
    if (pc == 0) return nullptr;  // the key of an empty slot; a smashed return address can be anything
    if (const frame_facts *facts = lasting.find(pc)) return facts;
    const std::size_t i = slot_of_pc(pc) % size;
    if (keys_[i] == pc) return &slots_[i];
    keys_[i] = 0;
    if (!learn_facts(pc, slots_[i])) return nullptr;
    keys_[i] = pc;
    return &slots_[i];
  }

 private:
  static constexpr std::size_t size = 16;  // 2.5 KiB of Go's 32 KiB signal stack
  std::uintptr_t keys_[size] = {};
  frame_facts slots_[size];  // not initialised: a slot means nothing without its key
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_FRAME_CACHE_HPP
