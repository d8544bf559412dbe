// SPDX-License-Identifier: BSL-1.0
/// @file assembly.hpp
/// What the assembly of every processor has in common: the names that it defines, and those places in a trampoline's
/// frame that copies of this header of different versions find each other's guards by.
#ifndef CGO_GUARD_ARCH_ASSEMBLY_HPP
#define CGO_GUARD_ARCH_ASSEMBLY_HPP

#include <cstddef>
#include <cstdint>

#include "../../config.hpp"

// The room between a block and its guard is never written, so it costs stack and no time: with 64, 512, 1024, 2048 and
// 4096 bytes a guarded call took the same to within the noise of the measurement (0.3 ns of 10, on x86-64), its caches
// evicted or not. Overflows seen in practice (the Juliet suite's) are of up to half a kilobyte; threads may have 16 KiB
// of stack.
#define CGO_GUARD_ROOM 1024
#define CGO_GUARD_RECORD_ROOM 1904

// The two as text, for the assembly.
#define CGO_GUARD_AS_TEXT(x) #x
#define CGO_GUARD_TEXT_OF(x) CGO_GUARD_AS_TEXT(x)
#define CGO_GUARD_ROOM_TEXT CGO_GUARD_TEXT_OF(CGO_GUARD_ROOM)
#define CGO_GUARD_RECORD_TEXT CGO_GUARD_TEXT_OF(CGO_GUARD_RECORD_ROOM)

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::arch {

struct registers;

/// Who makes something of a failure: the first member of whatever it needs to know for that.
struct failure_taker {
  /// @param record the guard's. @param outcome what failed: the record for a fault, else an _Unwind_Exception.
  /// @param thunk the guarded block's. @return what the guard returns; not NULL.
  void *(*take)(void *record, void *outcome, void (*thunk)(void *), const failure_taker *self) noexcept;
};

extern "C" {
// trampoline.hpp
extern __attribute__((visibility("hidden"))) const failure_taker cgo_guard_v1_failure;
extern __attribute__((visibility("hidden"))) const char cgo_guard_v1_own_run[];
__attribute__((visibility("hidden"))) void *cgo_guard_v1_enter(void (*thunk)(void *), void *body,
                                                               const failure_taker *taker);
extern __attribute__((visibility("hidden"))) const char cgo_guard_v1_returned[], cgo_guard_v1_landed[];

// routines.hpp
__attribute__((visibility("hidden"))) int cgo_guard_v1_load(std::uintptr_t address, std::uintptr_t *out) noexcept;
__attribute__((visibility("hidden"))) int cgo_guard_v1_touch(std::uintptr_t address) noexcept;
__attribute__((visibility("hidden"))) void cgo_guard_v1_capture(registers *out) noexcept;
[[noreturn]] __attribute__((visibility("hidden"))) void cgo_guard_v1_resume(const registers *in) noexcept;
__attribute__((visibility("hidden"))) void cgo_guard_v1_call_on(void (*function)(void *) noexcept, void *argument,
                                                                void *top) noexcept;
extern __attribute__((visibility("hidden"))) const char cgo_guard_v1_load_begin[], cgo_guard_v1_load_end[],
    cgo_guard_v1_load_failed[], cgo_guard_v1_touch_begin[], cgo_guard_v1_touch_end[];
}

/// Where things are in a trampoline's frame, from its CFA (the drawings are in trampoline.hpp).
constexpr std::uintptr_t canary = 0x6c616e61;
constexpr std::size_t record_room = CGO_GUARD_RECORD_ROOM;
constexpr std::ptrdiff_t return_address_offset = -8;
constexpr std::ptrdiff_t frame_pointer_offset = -16;
constexpr std::ptrdiff_t state_offset = -72;
constexpr std::ptrdiff_t canary_offset = -80;
constexpr std::ptrdiff_t thunk_offset = -96;

/// Frozen, so that copies of this header of different versions in one process know each other's guards: canary and its
/// address stand at CFA-80 and CFA-88, only the last byte of the canary tells the version, and a trampoline has it as
/// constants in its first 40 bytes.
constexpr std::uintptr_t canary_of_any_version(std::uintptr_t word) { return word >> 8 == canary >> 8; }

/// What the words around a return address into Go's entry from C say.
enum class go_entry_frame { unknown, broken, whole };

}  // namespace detail::arch
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ARCH_ASSEMBLY_HPP
