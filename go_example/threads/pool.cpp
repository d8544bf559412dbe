// SPDX-License-Identifier: BSL-1.0
#include "pool.h"

#include <cgo_guard/thread.hpp>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

/// A value the optimizer can't see through: a compiler that sees a bug may use that it is not allowed to happen.
template <class T>
T hidden(T value) {
  asm volatile("" : "+r"(value) : : "memory");
  return value;
}

int layout(int depth) {
  volatile char line[512];
  line[static_cast<std::size_t>(depth) % sizeof line] = 1;
  return hidden(layout(depth + 1)) + line[0];  // never ends
}

/// Page 3 has a null pointer in it, page 5 refers to itself.
void render(int page) {
  if (page == 3) *hidden<volatile int *>(nullptr) = page;
  if (page == 5) layout(0);
}

void check_shelf(int shelf) {
  if (shelf % 2 != 0) throw std::runtime_error("shelf " + std::to_string(shelf) + " is empty");
}

/// Stands for a library that knows nothing of us: it starts the thread, and calls back on it.
void foreign_receiver(int messages, const std::function<void(int)> &on_message) {
  std::thread([&] {
    for (int message = 1; message <= messages; ++message) on_message(message);
  }).join();
}

}  // namespace

extern "C" cgo_guard_error *pool_render(int32_t first, int32_t last, int32_t *rendered) {
  return CGO_GUARD {
    std::vector<cgo_guard::thread> workers;
    for (int page = first; page <= last; ++page) workers.emplace_back(render, page);

    // All of them are waited for before anything is thrown: a joinable thread must not be destroyed.
    cgo_guard_error *failure = nullptr;
    for (cgo_guard::thread &worker : workers) {
      cgo_guard_error *const report = worker.join_report();
      if (report == nullptr) ++*rendered;
      if (failure == nullptr) {
        failure = report;
      } else {
        cgo_guard_free(report);
      }
    }
    cgo_guard::check(failure);
  };
}

extern "C" cgo_guard_error *pool_check_shelves(int32_t shelves) {
  return CGO_GUARD {
    cgo_guard::thread([shelves] {
      for (int shelf = 1; shelf <= shelves; ++shelf) {
        cgo_guard::enter_thread([&] { check_shelf(shelf); });  // one empty shelf is no reason to skip the others
      }
      render(3);  // ends the thread
    }).detach();
  };
}

extern "C" cgo_guard_error *pool_receive(int32_t messages, int32_t *handled) {
  return CGO_GUARD {
    std::atomic<int32_t> count{0};
    foreign_receiver(messages, [&](int message) {
      const bool good = cgo_guard::enter_thread([&] {
        if (message == 2) layout(0);
      });
      if (good) ++count;
    });
    *handled = count;
  };
}
