// SPDX-License-Identifier: BSL-1.0
/// @file ask_first.hpp
/// Neighbours whose faults are not failures: a JVM's null checks, the bounds of a WebAssembly engine, a write barrier,
/// a page that is filled when it is touched, a system call that is emulated. A guard around a call into one of them
/// must not take those away, and can't tell them from a failure; only the neighbour can.
///
/// So he is asked first where the fault may be one of his. His handler has answered when it changes what the thread
/// goes on with, or when what faulted works afterwards. One that declines returns and nothing has changed, or calls us,
/// whom it found when it was installed: then the guard takes the fault. Of a trap or a system call he declines by that
/// only.
#ifndef CGO_GUARD_ASK_FIRST_HPP
#define CGO_GUARD_ASK_FIRST_HPP

#include "../state/sanitizer.hpp"
#include "call_handler.hpp"
#include "delivery.hpp"
#include "whose_fault.hpp"
#include "whose_handler.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Whether the program counter is in code that nobody has written tables for, as that which is made at run time. Not
/// where it can't be read as code: that is a call through a bad pointer.
inline bool is_in_generated_code(const ucontext_t &context) noexcept {
  frame_description description;
  const std::uintptr_t pc = arch::pc_of(context) - (arch::pc_is_after_trap(context) ? 1 : 0);
  return !(arch::is_page_fault(context) && arch::page_fault_was_fetch(context)) &&
         !find_frame_description(pc, description);
}

/// Whether the page is there, and protected or not filled yet.
inline bool is_page_there(int signal, const siginfo_t &info, const ucontext_t &context) noexcept {
  if (!arch::is_page_fault(context) || arch::page_fault_was_fetch(context)) return false;
  constexpr int protection_key = 4;  // SEGV_PKUERR (asm-generic/siginfo.h)
  if (signal == SIGSEGV) return info.si_code == SEGV_ACCERR || info.si_code == protection_key;
  return signal == SIGBUS && info.si_code == BUS_ADRERR;
}

/// Whether a fault is one that a guard would take, and may be a neighbour's.
inline bool may_be_a_neighbours(int signal, const siginfo_t &info, const ucontext_t &context, bool always) noexcept {
  const bool generated = is_in_generated_code(context);
  // SIGSYS is how a sandbox emulates system calls; there is no other reason to have a handler for it.
  if (!always && !generated && signal != SIGSYS && !is_page_there(signal, info, context)) return false;
  examined_fault fault;
  if (!whose_fault(signal, info, context, fault)) return false;
  return always || generated || !fault.facts.stack_overflow;  // the page below a stack is there, and protected
}

/// Whether a handler that has moved nothing has taken away what the fault was about.
inline bool works_now(const siginfo_t &info, const ucontext_t &context, std::uintptr_t instruction_before) noexcept {
  if (arch::is_page_fault(context)) {
    if (arch::page_fault_was_fetch(context)) return false;
    constexpr std::uintptr_t word = sizeof(std::uintptr_t);  // aligned, so that the next page has no part in it
    const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(info.si_addr) & ~(word - 1);
    std::uintptr_t value = 0;
    return (arch::page_fault_was_write(context) ? arch::cgo_guard_v1_touch(address)
                                                : arch::cgo_guard_v1_load(address, &value)) != 0;
  }
  return arch::instruction_bytes(arch::pc_of(context)) != instruction_before;
}

/// Calls the neighbour's handler, on the stack that the kernel chose, and nothing else there.
/// @return whether he has answered.
inline bool ask(const struct sigaction &action, const delivery &d, std::uintptr_t instruction_before) noexcept {
  const std::uint64_t before = arch::fingerprint(d.context);
  call_handler(action, d.signal, d.info, &d.context);
  if (arch::fingerprint(d.context) != before) return true;
  // The thread goes on behind the trap or the system call, whose result may be what stood in the register already. To
  // return is to answer there.
  if (d.signal == SIGTRAP || d.signal == SIGSYS) return true;
  bool works = false;
  with_room(d.context, [&]() noexcept { works = works_now(*d.info, d.context, instruction_before); });
  return works;
}

/// Whether a handler can be of a runtime that works by faults. One without SA_SIGINFO is not told where it was, and one
/// that is to be called once is a crash reporter.
inline bool can_work_by_faults(int flags) noexcept {
  return (flags & SA_SIGINFO) != 0 && (static_cast<unsigned>(flags) & SA_RESETHAND) == 0;
}

/// Whether the handler below ours is to be asked before a guard takes a fault.
inline bool is_to_be_asked(const struct sigaction &action, int signal, const siginfo_t &info, bool always) noexcept {
  if (!is_a_function(action) || is_a_copys(action)) return false;
  if (!is_gos(action)) return always || can_work_by_faults(action.sa_flags);
  if (!go_passes_on(signal, info)) return false;
  return always || can_work_by_faults(process.before_go[index_of(signal)].flags.load(std::memory_order_relaxed));
}

/// Whether every neighbour comes after the guards, whatever kind of fault it is.
inline bool neighbours_come_last(int order) noexcept {
  return order == CGO_GUARD_NEIGHBOURS_LAST || (order == CGO_GUARD_NEIGHBOURS_AUTO && sanitizer_takes_faults());
}

/// Whether there is one handler below ours, and it is not to be asked, as under Go alone: nothing has to be looked at.
inline bool has_nobody_to_ask(const handler_chain &chain, const delivery &d, bool always) noexcept {
  struct sigaction only;
  return chain.count() == 1 && chain.look(0, only) && !is_to_be_asked(only, d.signal, *d.info, always);
}

/// Asks the one whose turn it is. @return whether he has answered.
inline bool ask_next(handler_chain &chain, const delivery &d, bool always, std::uintptr_t instruction_before) noexcept {
  const forwarding_levels::turn turn = process.forwarding.enter(&d.context, d.frame, d.from_kernel);
  struct sigaction next;
  const bool answered = chain.look(turn.level, next) && is_to_be_asked(next, d.signal, *d.info, always) &&
                        chain.claim(turn.level, next) && ask(next, d, instruction_before);
  process.forwarding.leave(turn);
  return answered;
}

/// Whether a neighbour has a better claim to a fault than the guard that would take it, and has dealt with it.
[[gnu::noinline]] inline bool is_answered_by_neighbour(const delivery &d) noexcept {
  const int order = process.neighbours_asked.load(std::memory_order_relaxed);
  const bool always = order == CGO_GUARD_NEIGHBOURS_FIRST;
  const int index = index_of(d.signal);
  if (neighbours_come_last(order) || index < 0 || !is_raised_by_instruction(d.signal, *d.info)) return false;
  handler_chain &chain = process.neighbours[index];
  if (has_nobody_to_ask(chain, d, always)) return false;

  bool his = false;
  std::uintptr_t instruction = 0;
  with_room(d.context, [&]() noexcept {
    his = may_be_a_neighbours(d.signal, *d.info, d.context, always);
    instruction = arch::instruction_bytes(arch::pc_of(d.context));
  });
  const bool answered = his && ask_next(chain, d, always, instruction);
  if (answered) process.count.forwarded.fetch_add(1, std::memory_order_relaxed);
  return answered;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ASK_FIRST_HPP
