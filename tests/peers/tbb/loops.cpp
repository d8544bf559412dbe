// SPDX-License-Identifier: BSL-1.0
#include "loops.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace {

int *volatile nobody = nullptr;

struct plan {
  int32_t how, where, around;
  std::thread::id caller = std::this_thread::get_id();
  std::atomic<uint64_t> done{0};
  std::atomic<bool> failing{false};
};

__attribute__((noinline)) void fail(int32_t how) {
  if (how == PEERS_THROWS) throw std::out_of_range("shelf 3");
  if (how == PEERS_FAULTS) *nobody = 1;
}

/// One round. The first one on the thread that is to fail does so; the others wait for that, lest the loop be over
/// before a worker has come.
__attribute__((noinline)) void round(plan &p) {
  const bool mine = (std::this_thread::get_id() == p.caller) == (p.where == PEERS_CALLER);
  if (p.how != PEERS_SUCCEEDS) {
    if (mine && !p.failing.exchange(true)) fail(p.how);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!p.failing && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  }
  ++p.done;
}

}  // namespace

cgo_guard_error *peers_loop(int32_t how, int32_t where, int32_t around, uint64_t rounds, uint64_t *done) {
  plan p{how, where, around};
  cgo_guard_error *const error = CGO_GUARD {
    // More threads than this machine may have cores.
    const oneapi::tbb::global_control threads{oneapi::tbb::global_control::max_allowed_parallelism, 4};
    oneapi::tbb::task_arena(4).execute([&] {
      oneapi::tbb::parallel_for(uint64_t{0}, rounds, [&](uint64_t) {
        if (p.around == PEERS_ENTERED) {
          cgo_guard::enter_thread([&] { round(p); });
        } else if (p.around == PEERS_CHECKED) {
          cgo_guard::check(CGO_GUARD { round(p); });
        } else {
          round(p);
        }
      });
    });
  };
  *done = p.done;
  return error;
}
