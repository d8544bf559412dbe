// SPDX-License-Identifier: BSL-1.0
// What C does with the signals of a thread.
#include "signals.h"

#include <csignal>
#include <stdexcept>

#include <pthread.h>
#include <sys/mman.h>

#include "opaque.hpp"

extern "C" void *guardtest_checked_go_function(uintptr_t function);

namespace {

class small_stack {
 public:
  small_stack()
      : memory_(static_cast<char *>(
            mmap(nullptr, page + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    mprotect(memory_, page, PROT_NONE);
    stack_t mine = {};
    mine.ss_sp = memory_ + page;
    mine.ss_size = size;
    if (sigaltstack(&mine, &before_) != 0) throw std::runtime_error("no alternate stack of 8 KiB");
  }
  ~small_stack() {
    sigaltstack(&before_, nullptr);
    munmap(memory_, page + size);
  }

 private:
  static constexpr std::size_t page = 4096, size = 8192;
  char *memory_;
  stack_t before_ = {};
};

__attribute__((noinline)) void write_at(uint64_t token) {
  *static_cast<volatile uint64_t *>(guardtest::null_plus(token)) = 1;
}

void fault_under_a_guard() {
  cgo_guard_error *const error = CGO_GUARD { write_at(0x70); };
  const bool right = error != nullptr && error->code == CGO_GUARD_SIGNAL && error->address == 0x70;
  cgo_guard_free(error);
  if (!right) throw std::runtime_error("the fault did not come back");
}

volatile uint64_t token_of_handler;

}  // namespace

extern "C" cgo_guard_error *guardtest_small_signal_stack(uintptr_t function) {
  return CGO_GUARD {
    const small_stack stack;
    fault_under_a_guard();
    cgo_guard::check(guardtest_checked_go_function(function));
    fault_under_a_guard();
  };
}

extern "C" cgo_guard_error *guardtest_fault_in_handler(uint64_t token) {
  struct sigaction action = {}, before;
  action.sa_handler = [](int) { write_at(token_of_handler); };
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  sigfillset(&action.sa_mask);
  sigdelset(&action.sa_mask, SIGSEGV);
  sigaction(SIGUSR2, &action, &before);
  token_of_handler = token;
  cgo_guard_error *const error = CGO_GUARD { pthread_kill(pthread_self(), SIGUSR2); };
  sigaction(SIGUSR2, &before, nullptr);
  return error;
}
