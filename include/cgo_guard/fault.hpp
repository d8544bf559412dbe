// SPDX-License-Identifier: BSL-1.0
/// @file fault.hpp
/// The decision in the signal handler: is this fault ours, and if so, where does the thread continue?
/// Takes no lock, allocates nothing, symbolizes nothing; what it learns goes into the guard's record.
#ifndef CGO_GUARD_FAULT_HPP
#define CGO_GUARD_FAULT_HPP

#include <csignal>
#include <utility>

#include <sys/syscall.h>
#include <unistd.h>

#include "begin_failure.hpp"
#include "call_handler.hpp"
#include "crossed_signals.hpp"
#include "heap_evidence.hpp"
#include "sanitizer.hpp"
#include "scan.hpp"
#include "unknown_code.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

// Room that a landing pad must have below it after a stack overflow. Destructors call into libgcc's unwinder, whose
// context and frame state take 2.5 KiB, and into free(); 64 KiB leave as much again for the destructors' own frames.
constexpr std::uintptr_t landing_room = 64 * 1024;

/// Everything the handler finds out while it walks, on the signal stack until it is known whose it is.
struct fault_walk {
  const void *frames[max_frames];
  frame_list list{frames};
  arch::registers landing;
  std::uintptr_t landing_cfa = 0, landing_site = 0;
  std::uintptr_t stack_floor = 0;
  std::uint64_t skipped = 0;     ///< before the first landing pad
  std::uint64_t pads_after = 0;  ///< at and behind it
  crossed_signals crossed;
  int frames_since_abort = -1;
  heap_evidence heap;
  bool first = true;
  bool has_landing = false;
};

/// Whether a thread that has put its mask back is in libc's raise or abort. Some versions of glibc block all signals
/// around the system call there (raise before 2.34), so that the thread's own signal arrives when they are let in
/// again; and so does one that another thread has sent meanwhile, wherever a mask is put back.
inline bool is_raising(const ucontext_t &context) noexcept {
  if (!arch::let_in_by_mask(context)) return false;
  arch::registers r;
  arch::from_ucontext(context, r);
  frame_cache cache;
  cursor position(r, false, cache);
  for (int i = 0; i < 4 && position.describe() != nullptr; ++i) {
    if (process.known.is_raising(position.call_site())) return true;
    if (position.step() != step_result::stepped) break;
  }
  return false;
}

/// Whether the signal was caused by this thread's own code, now: raised by the kernel for the instruction, or sent by
/// the thread to itself. `kill -ABRT` from outside wants Go's goroutine dump, and gets it.
inline bool is_synchronous(int signal, const siginfo_t &info, const ucontext_t &context) noexcept {
  if (is_raised_by_instruction(signal, info)) return true;
  return info.si_code == SI_TKILL && info.si_pid == process.process_id &&
         (arch::sent_by_own_system_call(context, signal, static_cast<int>(syscall(SYS_gettid))) || is_raising(context));
}

/// A general protection fault and an alignment check, of which the kernel knows no address. The instruction has one.
inline void explain_protection_fault(const arch::registers &at_fault, bool of_alignment, fault_facts &out) noexcept {
  if (!arch::is_canonical(out.pc)) {  // a processor that finds out only behind the jump
    out.bad_call = out.address_known = out.not_canonical = true;
    out.address = out.pc;
    out.access = CGO_GUARD_ACCESS_EXECUTE;
    return;
  }
  const arch::wanted wanted = arch::read_wanted(at_fault);
  if (wanted.privileged != nullptr) {
    out.privileged = wanted.privileged;
    return;
  }
  if (!wanted.has_address) return;
  const bool not_canonical = !arch::is_canonical(wanted.address);
  const unsigned alignment = wanted.alignment != 0 && wanted.address % wanted.alignment != 0 ? wanted.alignment : 0;
  if (!not_canonical && alignment == 0 && !of_alignment) return;
  out.address_known = true;
  out.address = wanted.address;
  out.not_canonical = not_canonical;
  out.alignment = alignment;
  out.bad_return = wanted.returns_there;
  out.bad_target = wanted.goes_there;
  out.access = wanted.returns_there || wanted.goes_there ? CGO_GUARD_ACCESS_EXECUTE
               : wanted.writes                           ? CGO_GUARD_ACCESS_WRITE
                                                         : CGO_GUARD_ACCESS_READ;
}

/// Whether it was a return that took the PC from the stack, and no call: a call has left its return address there.
inline bool was_return(const arch::registers &at_fault) noexcept {
  std::uintptr_t popped = 0, top = 0;
  return arch::cgo_guard_v1_load(at_fault.sp() - sizeof popped, &popped) != 0 && popped == at_fault.pc() &&
         !(arch::cgo_guard_v1_load(at_fault.sp(), &top) != 0 && arch::follows_call(top));
}

inline void describe_fault(int signal, const siginfo_t &info, const ucontext_t &context, fault_facts &out) noexcept {
  std::memset(&out, 0, sizeof out);
  out.signal = signal;
  out.code = info.si_code;
  out.pc = arch::pc_of(context);
  out.instruction = arch::instruction_bytes(out.pc);
  if (signal == SIGSYS && info.si_code > 0) out.system_call = info.si_syscall;
  if (info.si_code <= 0) return;
  const bool of_alignment = signal == SIGBUS && info.si_code == BUS_ADRALN;
  if ((signal == SIGSEGV || signal == SIGBUS) && (info.si_code == SI_KERNEL || of_alignment)) {
    arch::registers at_fault;
    arch::from_ucontext(context, at_fault);
    explain_protection_fault(at_fault, of_alignment, out);
    if (out.bad_call) out.bad_return = was_return(at_fault);
  } else if (signal == SIGSEGV || signal == SIGBUS) {
    out.address = reinterpret_cast<std::uintptr_t>(info.si_addr);
    out.address_known = true;
    if (arch::is_page_fault(context)) {
      out.access = arch::page_fault_was_fetch(context)   ? CGO_GUARD_ACCESS_EXECUTE
                   : arch::page_fault_was_write(context) ? CGO_GUARD_ACCESS_WRITE
                                                         : CGO_GUARD_ACCESS_READ;
      out.bad_call = out.access == CGO_GUARD_ACCESS_EXECUTE && out.address == out.pc;
      if (out.bad_call) {
        arch::registers at_fault;
        arch::from_ucontext(context, at_fault);
        out.bad_return = was_return(at_fault);
      }
    }
  } else if (signal == SIGFPE || signal == SIGILL || signal == SIGTRAP) {
    out.address = reinterpret_cast<std::uintptr_t>(info.si_addr);
    out.address_known = info.si_addr != nullptr;
  }
}

/// A fault inside the frame of its own function, or right below it, is the stack running out: that memory can't be bad
/// in any other way. (But a misaligned access to a stack that is all there is a general protection fault.) The CFA is
/// right even where the frame is larger than the guard page and rsp far below the stack.
inline bool is_stack_overflow(const fault_facts &fault, std::uintptr_t sp, std::uintptr_t cfa) noexcept {
  constexpr std::uintptr_t below = 4096;  // a call or push writes 8 bytes below rsp, a probe up to a page (GCC's
                                          // -fstack-clash-protection)
  return fault.signal == SIGSEGV && fault.code != SI_KERNEL && fault.address_known &&
         fault.access != CGO_GUARD_ACCESS_EXECUTE && fault.address >= sp - below && fault.address < cfa;
}

// How far from the signal the frames of raise, abort and std::terminate can reach: ten, seen with a noexcept violation.
constexpr std::uint64_t machinery_depth = 16;

/// For each frame from a SIGABRT on, up to machinery_depth. @param since_abort -1 before the first.
inline void notice_abort(std::uintptr_t call_site, int &since_abort, fault_facts &fault) noexcept {
  if (since_abort >= 0) ++since_abort;
  if (process.known.is_abort(call_site)) since_abort = 0;
  if (since_abort == 1) fault.from_libc = process.known.is_libc(call_site);
}

/// The road to SIGABRT is not part of the story and has nothing to clean up: libstdc++'s __terminate has a `catch
/// (...)` whose handler aborts again. @return true if this frame and all before it are to be forgotten.
inline bool skip_abort_machinery(std::uintptr_t call_site, fault_facts &fault, fault_walk &walk) noexcept {
  notice_abort(call_site, walk.frames_since_abort, fault);
  const bool terminating = walk.frames_since_abort >= 0 && process.known.is_terminating(call_site);
  if (terminating) fault.through_terminate = true;
  if (terminating) fault.through_rethrow = process.known.is_rethrow(call_site);
  if (!terminating && !process.known.is_last_words(call_site)) return false;
  walk.list.clear();
  walk.has_landing = false;
  walk.skipped = walk.pads_after = 0;
  return true;
}

inline void visit_frame(const frame_facts &facts, const cursor &at, fault_facts &fault, fault_walk &walk) noexcept {
  const std::uintptr_t call_site = at.call_site();
  if (walk.first) {
    walk.first = false;
    if (is_stack_overflow(fault, at.registers().sp(), at.cfa())) {
      fault.stack_overflow = true;
      walk.stack_floor = fault.address + landing_room;
    }
  }
  walk.list.add(call_site);
  if (!fault.in_allocator && walk.heap.visit(at)) fault.in_allocator = true;
  if (fault.signal == SIGABRT && walk.list.count() < machinery_depth && skip_abort_machinery(call_site, fault, walk))
    return;

  const bool interrupted = walk.crossed.is_interrupted(facts, at);
  if (facts.signal_frame && walk.has_landing &&
      arch::will_be_overwritten(walk.crossed.left().state, walk.landing.sp())) {
    walk.has_landing = false;
    walk.skipped += std::exchange(walk.pads_after, 0);
  }
  if (facts.pad.kind == pad_kind::none && !interrupted) return;
  if (walk.has_landing) {
    ++walk.pads_after;
  } else if (interrupted || facts.pad.kind == pad_kind::gap || at.registers().sp() < walk.stack_floor) {
    ++walk.skipped;
  } else {
    walk.has_landing = true;
    walk.pads_after = 1;
    walk.landing_cfa = at.cfa();
    walk.landing = at.registers();
    walk.landing_site = call_site;
  }
}

/// glibc's last words, copied with reads that may fail: another thread that aborts too replaces and unmaps them.
inline void copy_abort_message(char *out, std::size_t size) noexcept {
  const auto message = reinterpret_cast<std::uintptr_t>(process.known.last_abort_message());
  out[0] = 0;
  if (message == 0) return;
  const std::uintptr_t text = message + offsetof(abort_message, text);
  std::size_t length = 0;
  for (; length + sizeof(std::uintptr_t) < size; length += sizeof(std::uintptr_t)) {
    std::uintptr_t word = 0;
    if (arch::cgo_guard_v1_load(text + length, &word) == 0) break;
    std::memcpy(out + length, &word, sizeof word);
    if (std::memchr(&word, 0, sizeof word) != nullptr) return;
  }
  out[length] = 0;
}

/// From the fault to its guard.
inline found_guard walk_from_fault(const walk_start &start, fault_facts &fault, fault_walk &walk) noexcept {
  walk_start known = start;
  const bool guessed = list_first_frames(known, fault.bad_call, fault.pc, walk.list);
  frame_cache cache;
  cursor position(known, cache);
  const auto visit = [&](const frame_facts &facts, const cursor &at) noexcept { visit_frame(facts, at, fault, walk); };
  const found_guard guard = find_guard(position, cache, visit, fault.bad_call && !guessed ? fault.pc : 0);
  fault.walked = guard && guard.walked && !guessed;
  // Code without tables in the middle of the stack: who was called from there is known, so it is where it says.
  const std::uintptr_t stopped_at = position.registers().pc();
  if (!guard.walked && stopped_at != start.registers.pc() && !is_known_code(position.call_site()) &&
      arch::follows_call(stopped_at)) {
    walk.list.add(position.call_site());
  }
  return guard;
}

/// The first fault under a guard. @return whether destructors are to run.
inline bool begin_fault(const siginfo_t &info, ucontext_t &context, const found_guard &guard, const fault_facts &fault,
                        const walk_start &start, fault_walk &walk) noexcept {
  const bool land = walk.has_landing && fault.walked && !fault.in_allocator;
  core_taker *const take_core = process.take_core.load(std::memory_order_acquire);
  const char *const core_file = take_core != nullptr ? take_core(fault.signal, info, context) : nullptr;
  begin_failure(guard,
                {fault, start.registers, walk.list, walk.skipped + (land ? 0 : walk.pads_after), walk.landing_cfa});
  guard_record &record = guard.record();
  record.core_file = core_file;
  if ((record.state & state_noted) == 0 && fault.signal == SIGABRT && fault.from_libc) {
    copy_abort_message(record.note, sizeof record.note);
  }
  return land;
}

/// The second fault under one guard: a destructor crashed. What it would have cleaned is not known to be sound.
inline void abandon_cleanup(guard_record &record, const fault_facts &fault, const fault_walk &walk) noexcept {
  record.second_signal = fault.signal;
  if (fault.in_allocator) record.fault.in_allocator = true;  // whatever the first was: nothing may be freed now
  record.skipped += walk.skipped + walk.pads_after + 1;
}

/// From here on the heap can't be trusted.
inline void poison_heap(int signal) noexcept {
  int sound = 0;
  process.poisoned_by.compare_exchange_strong(sound, signal);
  if (process.heap_policy.load(std::memory_order_relaxed) == CGO_GUARD_HEAP_QUARANTINE) {
    process.mode.store(process_mode::quarantined, std::memory_order_relaxed);
  }
}

/// Whose a signal is. Fills in what there is to know of it, and changes nothing.
/// @return the guard that is to have it, or an empty one where none is.
inline found_guard whose_fault(int signal, const siginfo_t &info, const ucontext_t &context, fault_facts &fault,
                               walk_start &start, fault_walk &walk) noexcept {
  const found_guard nobody{guard_frame(no_guard::nowhere), false, {}};
  // A fork's child has its parent's stack, but its parent's callers are not there to be returned to.
  if (getpid() != process.process_id) return nobody;
  if (!is_synchronous(signal, info, context)) return nobody;

  describe_fault(signal, info, context, fault);
  arch::registers at_fault;
  arch::from_ucontext(context, at_fault);
  start = start_of_walk(at_fault, !arch::pc_is_after_trap(context), fault.bad_call);
  const found_guard guard = walk_from_fault(start, fault, walk);
  const bool refused =
      fault.in_allocator && process.heap_policy.load(std::memory_order_relaxed) == CGO_GUARD_HEAP_CRASH;
  return refused ? nobody : guard;
}

/// Takes the fault if it is ours: fills the guard's record and edits the context, so that returning from the handler
/// continues in a landing pad or at the guard.
/// @return false if it is not ours; nothing has been changed then.
inline bool take_fault(int signal, const siginfo_t &info, ucontext_t &context) noexcept {
  fault_facts fault;
  walk_start start;
  fault_walk walk;
  const found_guard guard = whose_fault(signal, info, context, fault, start, walk);
  if (!guard) return false;

  guard_record &record = guard.record();
  bool land = false;
  if ((guard.state() & state_failed) != 0) {
    record.stacks.add(guard.stacks);
    abandon_cleanup(record, fault, walk);
  } else {
    land = begin_fault(info, context, guard, fault, start, walk);
  }
  if (fault.in_allocator) poison_heap(signal);

  arch::registers target = start.registers;
  if (land) {
    target = cleanup_registers(walk.landing, walk.landing_site, record);
  } else {
    set_guard_registers(guard, &record, target);
  }
  forget_frames(guard.stacks);
  arch::to_ucontext(target, context);
  const left_handlers &left = walk.crossed.left();
  if (left.handlers != 0) arch::give_back(left.state, context);
  return true;
}

/// If our own probing access faulted, lets it return "can't be read", or written.
inline bool excuse_own_read(ucontext_t &context) noexcept {
  auto &pc = context.uc_mcontext.gregs[arch::greg_of[arch::pc_register]];
  const auto at = static_cast<std::uintptr_t>(pc);
  const bool reading = at >= reinterpret_cast<std::uintptr_t>(arch::cgo_guard_v1_load_begin) &&
                       at < reinterpret_cast<std::uintptr_t>(arch::cgo_guard_v1_load_end);
  const bool writing = at == reinterpret_cast<std::uintptr_t>(&arch::cgo_guard_v1_touch);
  if (!reading && !writing) return false;
  pc = static_cast<greg_t>(reinterpret_cast<std::uintptr_t>(arch::cgo_guard_v1_load_failed));
  return true;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_FAULT_HPP
