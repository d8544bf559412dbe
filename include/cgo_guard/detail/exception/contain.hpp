// SPDX-License-Identifier: BSL-1.0
/// @file contain.hpp
/// A guard for our own use: runs a piece of somebody else's code (what(), a destructor of an exception) so that neither
/// a throw nor a crash in it can spoil the report of the first failure.
#ifndef CGO_GUARD_CONTAIN_HPP
#define CGO_GUARD_CONTAIN_HPP

#include <cstdlib>

#include "../../contract.hpp"
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

inline void restore_exception_state(guard_record &record) noexcept;  // exception_objects.hpp

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

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CONTAIN_HPP
