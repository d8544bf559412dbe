// SPDX-License-Identifier: BSL-1.0
/// @file operand.hpp
/// What the faulting instruction wanted: where a misaligned access went the kernel doesn't say, and an emulator not
/// even whether an access was a write. Every read is one that may fail. Async-signal-safe.
#ifndef CGO_GUARD_ARCH_AARCH64_OPERAND_HPP
#define CGO_GUARD_ARCH_AARCH64_OPERAND_HPP

#include "../which.hpp"

#if defined(CGO_GUARD_ARCH_IS_AARCH64)
#include "code.hpp"
#include "memory_access.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

/// As far as a fault needs to be explained. All zero where the code can't be read, or is none that is known here.
struct wanted {
  const char *privileged;  ///< none: here those are illegal ones (privileged_instruction)
  bool has_address;        ///< of memory, or where control was to go
  bool accesses;           ///< it is a load or a store, even if it has no address here
  bool writes;
  bool goes_there;     ///< never: what a branch does wrong shows at its target
  bool returns_there;  ///< likewise
  unsigned alignment;  ///< that the instruction insists on, or 0
  std::uintptr_t address;
};

/// What the instruction at r.pc() would have done with these registers.
inline wanted read_wanted(const registers &r) noexcept {
  wanted out{};
  std::uint32_t code = 0;
  if (!load_instruction(r.pc(), code)) return out;
  const a64::memory_access access = a64::read_memory_access(code, r.pc(), [&r](unsigned number) noexcept {
    return r.value[number == a64::sp_or_zero ? sp_register : static_cast<int>(number)];
  });
  if (!access.exists) return out;
  out.accesses = true;
  out.writes = access.writes;
  out.has_address = access.has_address;
  out.address = access.address;
  out.alignment = access.alignment;
  // With a stack pointer that is not a multiple of 16, no instruction may use it (SCTLR_EL1.SA0, which Linux sets).
  constexpr unsigned stack_alignment = 16;
  if (access.has_address && access.base == a64::sp_or_zero && r.sp() % stack_alignment != 0) {
    out.alignment = stack_alignment;
    out.address = r.sp();
  }
  return out;
}

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_IS_AARCH64

#endif  // CGO_GUARD_ARCH_AARCH64_OPERAND_HPP
