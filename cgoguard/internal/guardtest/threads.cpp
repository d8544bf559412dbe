// SPDX-License-Identifier: BSL-1.0
// Threads that C++ starts.
#include "threads.h"

#include <cgo_guard/thread.hpp>

#include <atomic>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include <pthread.h>

#include "opaque.hpp"

extern "C" void *guardtest_checked_go_function(uintptr_t function);

namespace {

__attribute__((noinline)) uint64_t overflow(uint64_t depth) {
  volatile char frame[256];
  frame[depth % sizeof frame] = 1;
  return guardtest::opaque(overflow(depth + 1)) + static_cast<uint64_t>(frame[0]);
}

__attribute__((noinline)) void end_thread(int32_t end, uint64_t token) {
  switch (end) {
    case GUARDTEST_THREAD_THROWS: throw std::runtime_error(guardtest::token_text(token));
    case GUARDTEST_THREAD_FAULTS: *static_cast<volatile uint64_t *>(guardtest::null_plus(token)) = 1; break;
    case GUARDTEST_THREAD_OVERFLOWS: overflow(token); break;
    default: break;
  }
}

int32_t end_of(uint64_t token) { return (token & 16) != 0 ? GUARDTEST_THREAD_THROWS : GUARDTEST_THREAD_FAULTS; }

std::atomic<uint64_t> ended{0}, wrong{0};

/// What the threads of one guardtest_start_pthreads have in common. Never freed: some of them outlive the call.
struct plan {
  bool prepared;
  uintptr_t function;
};

bool fails_as_it_should() {
  cgo_guard_error *const error = CGO_GUARD { end_thread(GUARDTEST_THREAD_FAULTS, 0x70); };
  const bool right = error != nullptr && error->code == CGO_GUARD_SIGNAL && error->address == 0x70;
  cgo_guard_free(error);
  return right;
}

extern "C" void *run_plan(void *argument) {
  const plan &mine = *static_cast<const plan *>(argument);
  if (mine.prepared && !cgo_guard::prepare_this_thread()) ++wrong;
  if (!fails_as_it_should()) ++wrong;
  if (void *const report = guardtest_checked_go_function(mine.function)) {
    cgo_guard_free(static_cast<cgo_guard_error *>(report));
    ++wrong;
  }
  if (!fails_as_it_should()) ++wrong;
  ++ended;
  return nullptr;
}

}  // namespace

extern "C" cgo_guard_error *guardtest_join_thread(int32_t end, uint64_t token) {
  return CGO_GUARD {
    cgo_guard::thread worker(end_thread, end, token);
    worker.join();
  };
}

extern "C" cgo_guard_error *guardtest_detach_threads(uint32_t threads, uint32_t failures) {
  return CGO_GUARD {
    for (uint32_t t = 0; t < threads; ++t) {
      cgo_guard::thread([=] {
        uint64_t token = 16 * (t * (failures + 1) + 1);
        for (uint32_t i = 0; i < failures; ++i, token += 16) {
          cgo_guard::enter_thread([=] { end_thread(end_of(token), token); });
        }
        end_thread(end_of(token), token);
      }).detach();
    }
  };
}

extern "C" cgo_guard_error *guardtest_thread_calls_go(uintptr_t function, int32_t detached) {
  return CGO_GUARD {
    cgo_guard::thread worker([=] { cgo_guard::check(guardtest_checked_go_function(function)); });
    if (detached != 0) {
      worker.detach();
    } else {
      worker.join();
    }
  };
}

extern "C" void guardtest_bare_thread(int32_t end) { std::thread(end_thread, end, uint64_t{0x40}).join(); }

extern "C" cgo_guard_error *guardtest_start_pthreads(uint32_t threads, int32_t prepared, int32_t detached,
                                                     uintptr_t function) {
  return CGO_GUARD {
    auto *const shared = new plan{prepared != 0, function};
    std::vector<pthread_t> started(threads);
    for (pthread_t &thread : started) {
      if (const int failed = pthread_create(&thread, nullptr, run_plan, shared)) {
        throw std::system_error(failed, std::generic_category(), "pthread_create");
      }
      if (detached != 0) pthread_detach(thread);
    }
    if (detached == 0) {
      for (pthread_t thread : started) pthread_join(thread, nullptr);
    }
  };
}

extern "C" uint64_t guardtest_pthreads_ended(void) { return ended; }
extern "C" uint64_t guardtest_pthreads_wrong(void) { return wrong; }
