// SPDX-License-Identifier: BSL-1.0
// A stack for the symbolizer: 25 functions of 25 names, because a recursion is one address over and over. There are two
// sets, so that a process which has named the one can be asked for addresses that it has never seen.
#include <stdexcept>

#include <cgo_guard.h>

#include "work.h"

namespace {

template <int Set, int Depth>
__attribute__((noinline)) int frame_of_stack(int value) {
  if constexpr (Depth == 1) {
    throw std::runtime_error("no such item");
  } else {
    // Used after the call, so that it isn't a jump.
    value += frame_of_stack<Set, Depth - 1>(value);
    asm volatile("" : "+r"(value));
  }
  return value;
}

}  // namespace

extern "C" cgo_guard_error *bench_many_frames(int32_t set) {
  return CGO_GUARD {
    if (set == 0) {
      frame_of_stack<0, 25>(0);
    } else {
      frame_of_stack<1, 25>(0);
    }
  };
}
