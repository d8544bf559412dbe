// SPDX-License-Identifier: BSL-1.0
// Libraries with signal handlers of their own.
#include <csignal>
#include <cstdlib>

#include <sys/mman.h>
#include <unistd.h>

#include "opaque.hpp"

static volatile sig_atomic_t calls_of_removed;

/// A library takes SIGSEGV for a while, somebody enters a guard, and the library gives it back.
extern "C" void guardtest_handler_comes_and_goes(void) {
  struct sigaction action = {}, old;
  action.sa_sigaction = [](int, siginfo_t *, void *) {
    calls_of_removed = calls_of_removed + 1;
    if (calls_of_removed > 5) _exit(99);
  };
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGSEGV, &action, &old);
  cgo_guard_free(CGO_GUARD { guardtest::opaque(0); });
  sigaction(SIGSEGV, &old, nullptr);
}

// A garbage collector's write barrier: a page is protected, and the handler opens it again.
static constexpr std::size_t page_size = 4096;
static char *page;
static volatile sig_atomic_t barriers;
static struct sigaction below_barrier;

static void on_barrier(int signal, siginfo_t *info, void *context) {
  const char *const address = static_cast<char *>(info->si_addr);
  if (address >= page && address < page + page_size) {
    barriers = barriers + 1;
    mprotect(page, page_size, PROT_READ | PROT_WRITE);
  } else if ((below_barrier.sa_flags & SA_SIGINFO) != 0) {
    below_barrier.sa_sigaction(signal, info, context);
  } else {
    _exit(77);  // not its own, and nobody to pass it on to
  }
}

extern "C" void guardtest_install_barrier(void) {
  page = static_cast<char *>(mmap(nullptr, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  struct sigaction action = {};
  action.sa_sigaction = on_barrier;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGSEGV, &action, &below_barrier);
}

__attribute__((constructor)) static void install_barrier_before_go() {
  if (std::getenv("CGOGUARD_TEST_EARLY_BARRIER") != nullptr) guardtest_install_barrier();
}

static void write_tracked() {
  mprotect(page, page_size, PROT_READ);
  *static_cast<volatile char *>(guardtest::opaque(page)) = 1;
}

/// @return how many barriers there have been.
extern "C" int32_t guardtest_tracked_write(void) {
  write_tracked();
  return barriers;
}
extern "C" cgo_guard_error *guardtest_guarded_tracked_write(int32_t *count) {
  return CGO_GUARD {
    write_tracked();
    *count = barriers;
  };
}
