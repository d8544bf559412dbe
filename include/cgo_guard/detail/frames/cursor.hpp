// SPDX-License-Identifier: BSL-1.0
/// @file cursor.hpp
/// Walks a stack, frame by frame, from any set of registers. Async-signal-safe: every read of the stack is one that may
/// fail. Equal program counters are looked up once, so that a recursion of a hundred thousand frames takes
/// milliseconds.
#ifndef CGO_GUARD_CURSOR_HPP
#define CGO_GUARD_CURSOR_HPP

#include <utility>

#include "frame_cache.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

enum class step_result {
  stepped,
  end,    ///< this is the outermost frame: its tables say so
  broken  ///< the caller can't be found
};

/// Where the walk of interrupted code begins.
struct walk_start {
  arch::registers registers;
  bool exact;  ///< the PC is the instruction itself, and not what follows it

  std::uintptr_t call_site() const noexcept { return exact ? registers.pc() : registers.pc() - 1; }
};

/// @param bad_call the instruction at the PC could not be read: then the walk begins at who called it.
inline walk_start start_of_walk(const arch::registers &interrupted, bool pc_is_exact, bool bad_call) noexcept {
  walk_start start{interrupted, pc_is_exact};
  if (bad_call && arch::pop_return_address(start.registers)) start.exact = false;
  return start;
}

/// One position in a stack: the registers of a frame as they are, or will be when the calls below it return.
class cursor {
 public:
  cursor(const arch::registers &start, bool pc_is_exact, frame_cache &cache) noexcept
      : registers_(start), exact_(pc_is_exact), cache_(&cache), lowest_sp_(start.sp()) {}
  cursor(const walk_start &start, frame_cache &cache) noexcept : cursor(start.registers, start.exact, cache) {}

  const arch::registers &registers() const noexcept { return registers_; }

  /// The address that stands for this frame in a stack: the instruction itself, or the last byte of its call.
  std::uintptr_t call_site() const noexcept { return exact_ ? registers_.pc() : registers_.pc() - 1; }

  /// Must succeed before cfa() and step(). @return nullptr where this PC has no frame information.
  const frame_facts *describe() noexcept {
    facts_ = cache_->find(call_site());
    if (facts_ == nullptr) return nullptr;
    if (facts_->simple) {
      cfa_ = registers_.value[facts_->cfa_register] + static_cast<std::uintptr_t>(std::intptr_t{facts_->cfa_offset});
      return facts_;
    }
    return describe_slowly() ? facts_ : nullptr;
  }

  /// The canonical frame address: the stack pointer before the call that made this frame.
  std::uintptr_t cfa() const noexcept { return cfa_; }

  /// Whether this frame was interrupted where it stands, and has called nothing.
  bool interrupted() const noexcept { return exact_; }

  /// Where on the stack that it is on a walk began, or came to from a signal's. Where it has broken off, this is all
  /// that is certain: one frame pointer that was overwritten leads to any frame, and from there on.
  std::uintptr_t lowest_sp() const noexcept { return lowest_sp_; }

  /// Moves on to the caller.
  step_result step() noexcept {
    if (facts_->end_of_stack) return step_result::end;
    const std::uintptr_t sp_before = registers_.sp();
    if (facts_->simple) {
      for (int i = 0; i < facts_->saved_count; ++i) {
        const auto &saved = facts_->saved[i];
        const std::uintptr_t address = cfa_ + static_cast<std::uintptr_t>(std::intptr_t{saved.offset});
        if (arch::cgo_guard_v1_load(address, &registers_.value[saved.reg]) == 0) return step_result::broken;
      }
      registers_.value[arch::sp_register] = cfa_;
      arch::continue_at_return_address(registers_);
    } else if (!step_slowly()) {
      return step_result::broken;
    }
    const bool innermost = std::exchange(exact_, facts_->signal_frame);
    // Only a signal frame may lead to another stack. Anywhere else a stack pointer that doesn't rise is a smashed
    // frame, and following it could go on for ever.
    if (!facts_->signal_frame && !has_risen(sp_before, innermost)) return step_result::broken;
    if (facts_->signal_frame) lowest_sp_ = registers_.sp();
    // A caller at 0 is no end: zeros are what a smashed stack is full of.
    return registers_.pc() == 0 ? step_result::broken : step_result::stepped;
  }

 private:
  /// @param innermost nothing was called by the frame that was left.
  bool has_risen(std::uintptr_t sp_before, bool innermost) const noexcept {
    const std::uintptr_t sp = registers_.sp();
    return sp > sp_before || (arch::leaf_may_have_no_frame && innermost && sp == sp_before);
  }

  bool describe_slowly() noexcept {
    if (is_signal_return_without_tables(call_site())) {
      cfa_ = registers_.sp();
      return true;
    }
    frame_description description;
    if (!find_frame_description(call_site(), description)) return false;
    rule_interpreter interpreter(description, call_site());
    return interpreter.run() && compute_cfa(interpreter.rules());
  }

  bool compute_cfa(const frame_rules &rules) noexcept {
    if (rules.cfa_is_expression) return evaluate(rules.cfa_expression, rules.cfa_length, registers_, nullptr, cfa_);
    if (rules.cfa_register >= arch::register_count) return false;
    cfa_ = registers_.value[rules.cfa_register] + static_cast<std::uintptr_t>(rules.cfa_offset);
    return true;
  }

  bool step_slowly() noexcept {
    if (is_signal_return_without_tables(call_site())) return arch::leave_signal_frame(registers_);
    frame_description description;
    if (!find_frame_description(call_site(), description)) return false;
    rule_interpreter interpreter(description, call_site());
    if (!interpreter.run() || !compute_cfa(interpreter.rules())) return false;
    const frame_rules &rules = interpreter.rules();
    arch::registers caller = registers_;
    caller.value[arch::sp_register] = cfa_;
    for (int i = 0; i < arch::register_count; ++i) {
      const register_rule &rule = rules.of[i];
      const std::uintptr_t at_offset = cfa_ + static_cast<std::uintptr_t>(rule.offset);
      std::uintptr_t address = 0;
      switch (rule.kind) {
        case rule_kind::same:
        case rule_kind::undefined: break;
        case rule_kind::offset:
          if (arch::cgo_guard_v1_load(at_offset, &caller.value[i]) == 0) return false;
          break;
        case rule_kind::val_offset: caller.value[i] = at_offset; break;
        case rule_kind::other_register:
          if (rule.offset < 0 || rule.offset >= arch::register_count) return false;
          caller.value[i] = registers_.value[rule.offset];
          break;
        case rule_kind::expression:
          if (!evaluate(rule.expression, rule.length, registers_, &cfa_, address) ||
              arch::cgo_guard_v1_load(address, &caller.value[i]) == 0) {
            return false;
          }
          break;
        case rule_kind::val_expression:
          if (!evaluate(rule.expression, rule.length, registers_, &cfa_, caller.value[i])) return false;
          break;
      }
    }
    const std::uint64_t column = arch::index_of(description.return_register);
    if (column >= arch::register_count) return false;
    caller.value[arch::return_register] = caller.value[column];
    arch::continue_at_return_address(caller);
    registers_ = caller;
    return true;
  }

  arch::registers registers_;
  bool exact_;
  frame_cache *cache_;
  std::uintptr_t lowest_sp_;
  const frame_facts *facts_ = nullptr;
  std::uintptr_t cfa_ = 0;
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CURSOR_HPP
