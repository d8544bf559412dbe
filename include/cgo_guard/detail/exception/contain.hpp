// SPDX-License-Identifier: BSL-1.0
/// @file contain.hpp
/// A guard for our own use: runs a piece of somebody else's code (what(), a destructor of an exception) so that neither
/// a throw nor a crash in it can spoil the report of the first failure.
#ifndef CGO_GUARD_CONTAIN_HPP
#define CGO_GUARD_CONTAIN_HPP

#include <cstdlib>
#include <type_traits>

#include "personality.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// The frame of a guarded block: its record, and the block itself behind it. The record comes first because the
/// trampoline hands the same address to the block and to whoever looks for the record.
template <class Body>
struct guard_context {
  guard_record record;
  Body *body;
};

/// What the trampoline calls. Its name marks the border in a symbolized stack (stack_text.hpp).
template <class Body>
inline void block_thunk(void *context) {
  // May become a tail call, which saves a nanosecond and leaves no frame: see name_the_block.
  (*static_cast<guard_context<Body> *>(context)->body)();
}

struct contained {
  bool ok;
  int signal;                    ///< of the crash, else 0
  _Unwind_Exception *exception;  ///< what was thrown, else nullptr; the caller must dispose of it
  char *terminated_by;           ///< malloc'ed type of the exception that met std::terminate, else nullptr; likewise
  fault_facts fault;
};

inline void restore_exception_state(guard_record &record) noexcept;  // exception_objects.hpp

template <class Body>
[[gnu::noinline]] contained contain(Body &&body) noexcept {
  using block = std::remove_reference_t<Body>;
  guard_context<block> context;
  context.body = &body;
  void *const outcome = arch::cgo_guard_v1_enter(&block_thunk<block>, &context);
  contained result{};
  result.ok = outcome == nullptr;
  if (result.ok) return result;
  if (outcome == &context.record) {
    result.signal = context.record.fault.signal;
    result.fault = context.record.fault;
    restore_exception_state(context.record);
    if ((context.record.state & state_noted) != 0) {
      result.terminated_by = context.record.noted_name;
      std::free(context.record.noted_what);
    }
  } else {
    result.exception = static_cast<_Unwind_Exception *>(outcome);
  }
  return result;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CONTAIN_HPP
