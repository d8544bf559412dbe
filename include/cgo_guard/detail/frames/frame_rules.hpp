// SPDX-License-Identifier: BSL-1.0
/// @file frame_rules.hpp
/// Runs the call frame information of one FDE up to a program counter: how this frame finds its caller's registers.
/// Async-signal-safe.
#ifndef CGO_GUARD_FRAME_RULES_HPP
#define CGO_GUARD_FRAME_RULES_HPP

#include "frame_table.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

enum class rule_kind : unsigned char {
  same,
  undefined,
  offset,
  val_offset,
  other_register,
  expression,
  val_expression
};

// All zero means "same" for every register: value-initialise it. No initialisers here, because the interpreter keeps
// copies that are mostly never used.
struct register_rule {
  rule_kind kind;
  std::uint32_t length;  ///< of the expression
  union {
    std::int64_t offset;
    const unsigned char *expression;
  };
};

struct frame_rules {
  bool cfa_is_expression;
  unsigned cfa_register;
  std::int64_t cfa_offset;
  const unsigned char *cfa_expression;
  std::uint64_t cfa_length;
  register_rule of[arch::register_count];
};

/// The interpreter of DWARF 5, 6.4.2. libgcc's own is not reached from outside in a form that starts at a ucontext,
/// allows the PC to be corrected first, keeps what it learned for the next equal frame, and can't meet a lock.
class rule_interpreter {
 public:
  rule_interpreter(const frame_description &description, std::uintptr_t pc) noexcept
      : description_(description), pc_(pc), location_(description.begin) {}

  /// @return false where the program uses an operation that no compiler emits for user code.
  bool run() noexcept {
    if (!execute(description_.cie_program, description_.cie_program_end)) return false;
    initial_ = rules_;
    return execute(description_.program, description_.program_end);
  }

  const frame_rules &rules() const noexcept { return rules_; }
  std::uint64_t args_size() const noexcept { return args_size_; }

 private:
  // Registers by their DWARF numbers.
  void set(std::uint64_t dwarf, rule_kind kind, std::int64_t offset) noexcept {
    const std::uint64_t reg = arch::index_of(dwarf);
    if (reg >= arch::register_count) return;
    rules_.of[reg].kind = kind;
    rules_.of[reg].offset = offset;
  }
  void set_expression(std::uint64_t dwarf, rule_kind kind, table_reader &in) noexcept {
    const std::uint64_t reg = arch::index_of(dwarf);
    const auto length = in.uleb();
    if (reg < arch::register_count) {
      rules_.of[reg].kind = kind;
      // Anything that does not fit is refused as too long (dwarf.hpp).
      rules_.of[reg].length = length > ~std::uint32_t{0} ? ~std::uint32_t{0} : static_cast<std::uint32_t>(length);
      rules_.of[reg].expression = in.at();
    }
    in.skip(length);
  }
  void restore(std::uint64_t dwarf) noexcept {
    const std::uint64_t reg = arch::index_of(dwarf);
    if (reg < arch::register_count) rules_.of[reg] = initial_.of[reg];
  }
  void cfa(std::uint64_t dwarf, std::int64_t offset) noexcept {
    rules_.cfa_is_expression = false;
    rules_.cfa_register = static_cast<unsigned>(arch::index_of(dwarf));
    rules_.cfa_offset = offset;
  }
  // Without signs, because a hostile product overflows.
  std::int64_t factored(std::uint64_t value) const noexcept {
    return static_cast<std::int64_t>(value * static_cast<std::uint64_t>(description_.data_align));
  }
  std::int64_t factored_signed(table_reader &in) const noexcept {
    return factored(static_cast<std::uint64_t>(in.sleb()));
  }
  void advance(std::uint64_t delta) noexcept { location_ += delta * description_.code_align; }

  bool execute(const unsigned char *begin, const unsigned char *end) noexcept {
    namespace ops = frame_op;
    table_reader in(begin);
    int steps = 0;
    // A row holds from its location on, so the program is done when the location passes the PC.
    while (in.is_before(end) && location_ <= pc_) {
      if (++steps > most_steps) return false;
      const auto op = in.take<std::uint8_t>();
      const std::uint64_t low = op & ops::primary_operand;
      switch (op & ops::primary_mask) {
        case ops::advance_loc: advance(low); continue;
        case ops::offset: set(low, rule_kind::offset, factored(in.uleb())); continue;
        case ops::restore: restore(low); continue;
        default: break;
      }
      std::uint64_t reg;
      switch (op) {
        case ops::nop: break;
        case ops::set_loc: location_ = in.encoded(description_.pointer_encoding); break;
        case ops::advance_loc1: advance(in.take<std::uint8_t>()); break;
        case ops::advance_loc2: advance(in.take<std::uint16_t>()); break;
        case ops::advance_loc4: advance(in.take<std::uint32_t>()); break;
        case ops::offset_extended: reg = in.uleb(), set(reg, rule_kind::offset, factored(in.uleb())); break;
        case ops::restore_extended: restore(in.uleb()); break;
        case ops::undefined: set(in.uleb(), rule_kind::undefined, 0); break;
        case ops::same_value: set(in.uleb(), rule_kind::same, 0); break;
        case ops::in_register:
          reg = in.uleb();
          set(reg, rule_kind::other_register, static_cast<std::int64_t>(arch::index_of(in.uleb())));
          break;
        case ops::remember_state:
          if (remembered_ == max_remembered) return false;
          stack_[remembered_++] = rules_;
          break;
        case ops::restore_state:
          if (remembered_ == 0) return false;
          rules_ = stack_[--remembered_];
          break;
        case ops::def_cfa: reg = in.uleb(), cfa(reg, static_cast<std::int64_t>(in.uleb())); break;
        case ops::def_cfa_register: cfa(in.uleb(), rules_.cfa_offset); break;
        case ops::def_cfa_offset: rules_.cfa_offset = static_cast<std::int64_t>(in.uleb()); break;
        case ops::def_cfa_expression:
          rules_.cfa_is_expression = true;
          rules_.cfa_length = in.uleb();
          rules_.cfa_expression = in.at();
          in.skip(rules_.cfa_length);
          break;
        case ops::expression: reg = in.uleb(), set_expression(reg, rule_kind::expression, in); break;
        case ops::offset_extended_sf: reg = in.uleb(), set(reg, rule_kind::offset, factored_signed(in)); break;
        case ops::def_cfa_sf: reg = in.uleb(), cfa(reg, factored_signed(in)); break;
        case ops::def_cfa_offset_sf: rules_.cfa_offset = factored_signed(in); break;
        case ops::val_offset: reg = in.uleb(), set(reg, rule_kind::val_offset, factored(in.uleb())); break;
        case ops::val_offset_sf: reg = in.uleb(), set(reg, rule_kind::val_offset, factored_signed(in)); break;
        case ops::val_expression: reg = in.uleb(), set_expression(reg, rule_kind::val_expression, in); break;
        case ops::gnu_args_size: args_size_ = in.uleb(); break;  // pushed arguments that a landing pad expects popped
        case ops::gnu_negative_offset_extended:
          reg = in.uleb(), set(reg, rule_kind::offset, factored(-in.uleb()));
          break;
        default:
          if (!arch::ignores(op)) return false;
      }
    }
    return !in.is_broken();
  }

  // A length may say four gigabytes. A generated function with 100,000 calls that pass arguments by pushing them has
  // some four steps for each; compilers have stopped pushing.
  static constexpr int most_steps = 1 << 20;

  // GCC and clang nest remember_state once; hand-written assembly was seen to nest it twice.
  static constexpr int max_remembered = 4;

  const frame_description &description_;
  std::uintptr_t pc_, location_;
  frame_rules rules_ = {};
  frame_rules initial_;
  frame_rules stack_[max_remembered];
  int remembered_ = 0;
  std::uint64_t args_size_ = 0;
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_FRAME_RULES_HPP
