// SPDX-License-Identifier: BSL-1.0
/// @file record.hpp
/// What a guard keeps on its stack, and how it is found again from the trampoline's frame.
#ifndef CGO_GUARD_RECORD_HPP
#define CGO_GUARD_RECORD_HPP

#include <cstddef>

#include <unwind.h>

#include "../arch/arch.hpp"
#include "../runtime/exception_state.hpp"
#include "../runtime/interrupted_state.hpp"
#include "frame_list.hpp"
#include "left_stacks.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Bits of the word that the trampoline pushes as 0. It lives there, and not in the record, so that the success path
/// pays one push for it and nothing else in the record has to be initialised.
enum guard_state : std::uintptr_t {
  state_noted = 1,      ///< somebody who knows why the program is about to abort has said so in the record
  state_terminate = 2,  ///< that was std::terminate
  state_failed = 4      ///< a fault was taken; destructors may be running
};

struct fault_facts {
  int signal;
  int code;  ///< si_code
  int access;
  bool address_known;
  bool stack_overflow;
  bool bad_call;           ///< the PC itself was the bad address
  bool bad_return;         ///< and a return had taken it from the stack, or the PC is that of such a return
  bool bad_target;         ///< the PC is that of a call or jump to the bad address
  bool after_branch;       ///< a call or jump has come to the PC, where perhaps none may
  bool not_canonical;      ///< no such address can exist; the kernel did not report it
  bool in_allocator;       ///< malloc or a relative is on the stack
  bool from_libc;          ///< libc itself called abort, so __abort_msg is about this
  bool through_terminate;  ///< std::terminate is on the stack
  bool through_rethrow;    ///< it was called by __cxa_rethrow: `throw;`, with nothing to throw
  bool walked;             ///< the frames between fault and guard are all known
  int system_call;         ///< of a SIGSYS
  std::uintptr_t address;
  std::uintptr_t pc;
  std::uintptr_t instruction;  ///< the bytes at pc
  unsigned alignment;          ///< what the address should have been a multiple of, or 0
  const char *privileged;      ///< the name of an instruction that a program may not use, or nullptr
  const char *exited_by;       ///< no fault but this function was called (exit.hpp), else nullptr
  int exit_status;
};

/// Signal handlers that a failure has left, without the return by which a handler ends. No initialisers, see below.
struct left_handlers {
  int handlers;
  interrupted_state state;  ///< what the outermost has interrupted, where there is one
};

/// Lives in the trampoline's frame. Left uninitialised on the success path: whoever takes a failure fills it, in the
/// signal handler or in the search phase of a throw, and the guard reads it once control is back. That is why nothing
/// has to be allocated where nothing can be.
struct guard_record {
  fault_facts fault;
  int second_signal;         ///< of a fault while destructors ran, else 0
  std::uintptr_t state;      ///< the trampoline's state word, which is gone when the guard reads this
  std::uint64_t skipped;     ///< frames whose cleanups did not run
  std::uint64_t total;       ///< frames seen, recorded or not
  std::uint64_t modules;     ///< when they were (noted_modules.hpp), or not_noted
  std::uintptr_t guard_cfa;  ///< where the trampoline is
  std::uintptr_t landed;     ///< CFA of the frame whose landing pad was entered last
  forced_exception forced;   ///< what the landing pads get to see
  bool through_loader;       ///< the dynamic loader was among the frames: its lock stays held (loader_lock.hpp)
  _Unwind_Exception *stray;  ///< an exception that a destructor let escape after the fault, or nullptr
  left_handlers left;        ///< by an exception
  left_stacks stacks;        ///< by anything else
  const char *core_file;     ///< where the core of the fault will be, or nullptr
  const void *frames[max_frames];

  std::uint32_t in_flight;    ///< exceptions thrown inside the guard and not caught when it failed
  bool in_flight_is_exact;    ///< by those outside, and not only those that were found inside
  _Unwind_Exception *thrown;  ///< the innermost of them, or nullptr
  char *noted_name;           ///< malloc'ed: the type of the exception in flight at std::terminate, or nullptr
  char *noted_what;           ///< malloc'ed: its what(), or nullptr
  char note[512];             ///< the text of an assertion
};

static_assert(sizeof(guard_record) == arch::record_room, "the trampoline keeps another amount of room for a record");

/// Why a search for a guard has found none.
enum class no_guard : unsigned char {
  broken_off,  ///< the stack could be walked so far and no further
  ended,       ///< the walk has come to the outermost frame
  anothers,    ///< there is one, of another version or of the process that forked: not to be used or passed
  nowhere      ///< a scan of the rest of the stack has found none either
};

/// A guard as seen from below: the trampoline's frame. Or none.
struct guard_frame {
  std::uintptr_t cfa = 0;
  no_guard why = no_guard::nowhere;  ///< where there is none

  constexpr explicit guard_frame(std::uintptr_t frame_cfa) : cfa(frame_cfa) {}
  constexpr explicit guard_frame(no_guard reason) : why(reason) {}

  explicit operator bool() const { return cfa != 0; }
  guard_record &record() const { return *at<guard_record>(arch::record_offset); }
  std::uintptr_t &state() const { return *at<std::uintptr_t>(arch::state_offset); }
  std::uintptr_t sp() const { return cfa + static_cast<std::uintptr_t>(arch::trampoline_sp_offset); }

 private:
  template <class T>
  T *at(std::ptrdiff_t offset) const {
    return reinterpret_cast<T *>(cfa + static_cast<std::uintptr_t>(offset));
  }
};

/// Of frames that were recorded where the dynamic linker can't be asked. It is asked when the guard has taken over.
constexpr std::uint64_t not_noted = ~std::uint64_t{0};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_RECORD_HPP
