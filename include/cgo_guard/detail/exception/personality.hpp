// SPDX-License-Identifier: BSL-1.0
/// @file personality.hpp
/// How the trampoline answers the unwinder: it takes every exception of any language, and no forced unwinding.
#ifndef CGO_GUARD_PERSONALITY_HPP
#define CGO_GUARD_PERSONALITY_HPP

#include "throw_stack.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Of this module; see prepare_unwinder.
__attribute__((visibility("hidden"))) inline std::atomic<bool> unwinder_is_prepared{false};

/// With -static-libgcc a module has an unwinder of its own, and where the program has libstdc++ too, it is the
/// program's that runs: ours is only called to change its context. _Unwind_SetGR aborts then, because the table of
/// register sizes is filled when an unwinder first unwinds (libgcc, unwind-dw2.c: init_dwarf_reg_size_table).
inline void prepare_unwinder() noexcept {
  if (unwinder_is_prepared.load(std::memory_order_relaxed)) return;
  _Unwind_Backtrace([](_Unwind_Context *, void *) { return _URC_END_OF_STACK; }, nullptr);
  unwinder_is_prepared.store(true, std::memory_order_relaxed);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

/// The trampoline's personality: takes every exception, lets forced unwinding (pthread_cancel, pthread_exit) through.
/// Default visibility, also under -fvisibility=hidden, so that every shared object of one version agrees on the address
/// that marks a guard.
extern "C" __attribute__((used, visibility("default"))) inline _Unwind_Reason_Code cgo_guard_v1_personality(
    int, _Unwind_Action actions, _Unwind_Exception_Class, _Unwind_Exception *exception, _Unwind_Context *context) {
  using namespace cgo_guard::detail;
  if ((actions & _UA_FORCE_UNWIND) != 0) return _URC_CONTINUE_UNWIND;
  if ((actions & _UA_SEARCH_PHASE) != 0) {
    prepare_unwinder();
    // _Unwind_GetCFA is this frame's stack pointer at the call: the CFA of the frame below (libgcc, unwind-dw2.c).
    const std::uintptr_t cfa = _Unwind_GetCFA(context) - static_cast<std::uintptr_t>(arch::trampoline_sp_offset);
    if (canary_in(cfa) != arch::canary) return _URC_FATAL_PHASE1_ERROR;  // a smashed stack: nobody can say whose frame
    const guard_frame guard = guard_at(cfa, arch::canary);
    if (!guard) return _URC_CONTINUE_UNWIND;  // a fork's child: the search ends, and with it the child, in terminate
    if ((guard.state() & state_failed) == 0) {
      record_exception_stack(*exception, guard);
    } else if (exception == &guard.record().forced.unwind) {
      // `throw;` in a `catch (...)`, where the C++ runtime begins anew with what it has not thrown (libc++abi's
      // __cxa_rethrow). Nothing has been unwound yet, so the walk of a failure goes on instead.
      continue_unwinding(guard.record(), false);
    }
    return _URC_HANDLER_FOUND;
  }
  if ((actions & _UA_HANDLER_FRAME) != 0) {
    auto outcome = reinterpret_cast<std::uintptr_t>(exception);
    const guard_frame guard{_Unwind_GetCFA(context) - static_cast<std::uintptr_t>(arch::trampoline_sp_offset)};
    if ((guard.state() & state_failed) != 0) {
      // A destructor that ran because of a fault threw, and nobody caught it. The fault is the story.
      guard.record().stray = exception;
      ++guard.record().skipped;
      outcome = reinterpret_cast<std::uintptr_t>(&guard.record());
    }
    _Unwind_SetGR(context, arch::exception_register, outcome);
    _Unwind_SetGR(context, arch::selector_register, 0);
    _Unwind_SetIP(context, reinterpret_cast<std::uintptr_t>(arch::cgo_guard_v1_landed));
    return _URC_INSTALL_CONTEXT;
  }
  return _URC_CONTINUE_UNWIND;
}

#endif  // CGO_GUARD_PERSONALITY_HPP
