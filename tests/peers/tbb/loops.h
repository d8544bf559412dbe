// SPDX-License-Identifier: BSL-1.0
// oneTBB's parallel_for behind guards.
#ifndef PEERS_TBB_LOOPS_H
#define PEERS_TBB_LOOPS_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

// How a body fails.
enum { PEERS_SUCCEEDS, PEERS_THROWS, PEERS_FAULTS };
// Where: on the thread that called parallel_for, or on one of TBB's.
enum { PEERS_CALLER, PEERS_WORKER };
// What is around a body.
enum {
  PEERS_BARE,
  PEERS_ENTERED,  // cgo_guard::enter_thread: the failure is told apart from the loop, which goes on
  PEERS_CHECKED   // a guard, and check, which throws what it caught: TBB takes that to the caller
};

// The rounds are counted that came to their end.
cgo_guard_error *peers_loop(int32_t how, int32_t where, int32_t around, uint64_t rounds, uint64_t *done);

#ifdef __cplusplus
}
#endif
#endif  // PEERS_TBB_LOOPS_H
