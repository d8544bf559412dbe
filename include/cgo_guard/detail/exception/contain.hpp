// SPDX-License-Identifier: BSL-1.0
/// @file contain.hpp
/// A guard for our own use: runs a piece of somebody else's code (what(), a destructor of an exception) so that neither
/// a throw nor a crash in it can spoil the report of the first failure. With it, the ends of exceptions, whose
/// destructors are such code.
#ifndef CGO_GUARD_CONTAIN_HPP
#define CGO_GUARD_CONTAIN_HPP

#include <cstdlib>

#include "../../contract.hpp"
#include "exception_objects.hpp"
#include "personality.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

struct contained {
  bool ok;
  int signal;                    ///< of the crash, else 0
  _Unwind_Exception *exception;  ///< what was thrown, else nullptr; the caller must dispose of it
  char *terminated_by;           ///< malloc'ed type of the exception that met std::terminate, else nullptr; likewise
  fault_facts fault;
};

inline void restore_exception_state(guard_record &record) noexcept;  // which contains destructors itself

/// What the guard of one such piece has beside its frame.
struct contained_block {
  arch::failure_taker taker;  // first: what the trampoline hands over is a pointer to it
  contained result;
};

inline void *take_contained_failure(void *where, void *outcome, void (*)(void *),
                                    const arch::failure_taker *self) noexcept {
  auto &record = *static_cast<guard_record *>(where);
  auto *const block = reinterpret_cast<contained_block *>(const_cast<arch::failure_taker *>(self));
  contained &result = block->result;
  result.ok = false;
  if (outcome != &record) {
    result.exception = static_cast<_Unwind_Exception *>(outcome);
    return block;
  }
  result.signal = record.fault.signal;
  result.fault = record.fault;
  restore_exception_state(record);
  if ((record.state & state_noted) != 0) {
    result.terminated_by = record.noted_name;
    std::free(record.noted_what);
  }
  return block;
}

template <class Body>
[[gnu::noinline]] contained contain(Body &&body) noexcept {
  contained_block block{{&take_contained_failure}, {}};
  block.result.ok = true;
  arch::cgo_guard_v1_enter(&block_thunk<referred_to<Body>>, address_of_block(body), &block.taker);
  return block.result;
}

/// Ends an exception that reached a guard, as the end of a catch block would. Its destructor is the user's code.
inline void end_exception(_Unwind_Exception &e) noexcept {
  contain([&e] {
    // One of another runtime's would be foreign to ours, which can't take it while it handles another.
    if (cxx::is_counted_class(e.exception_class)) {
      abi::__cxa_begin_catch(&e);
      abi::__cxa_end_catch();
    } else {
      _Unwind_DeleteException(&e);
    }
  });
}

/// Whether a caught exception belongs to frames that the guard has left behind. The unwinder leaves in private_2 the
/// stack address of the frame that catches (libgcc, unwind.inc: uw_identify_context).
inline bool is_left_behind(const _Unwind_Exception &caught, const guard_record &record) noexcept {
  if (&caught == &record.forced.unwind) return true;  // our own, abandoned in a `catch (...)`
  if (!cxx::is_cxx(caught)) return false;
  // 0 where the search has found nobody: then __cxa_throw itself has caught it, for std::terminate.
  if (caught.private_2 == 0) return (record.state & state_terminate) != 0 || record.fault.through_terminate;
  return record.stacks.contain(caught.private_2);
}

/// Makes the thread's exception state what it was when the guard was entered: ends what was caught in frames that are
/// gone, and counts what was in flight in them no more.
inline void restore_exception_state(guard_record &record) noexcept {
  cxx::globals &globals = cxx::current_globals();
  globals.uncaught = uncaught_outside(record);
  for (_Unwind_Exception *top; (top = cxx::caught_last(globals)) != nullptr && is_left_behind(*top, record);) {
    if (cxx::is_cxx(*top) && !record.fault.in_allocator) {
      cxx::make_caught_once(*top);  // whatever nesting of catch and rethrow it was in is gone with its frames
      contain([] { abi::__cxa_end_catch(); });
    }
    if (cxx::caught_last(globals) == top) cxx::forget_caught_last(globals);
  }
  globals.uncaught = uncaught_outside(record);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CONTAIN_HPP
