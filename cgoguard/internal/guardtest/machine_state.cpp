// SPDX-License-Identifier: BSL-1.0
// State that belongs to the thread, and so to the Go code that runs on it next.
#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

#include <cfenv>

#include "processor.hpp"

using guardtest::null_plus;

namespace guardtest {

bool destructor_ran = false;
cgo_guard_error *unexpected = nullptr;

struct notes_destruction {
  ~notes_destruction() { destructor_ran = true; }
};

void *wait_for_cancellation(void *) {
  unexpected = CGO_GUARD {
    notes_destruction note;
    for (;;) pause();
  };
  return nullptr;
}

}  // namespace guardtest

extern "C" cgo_guard_error *guardtest_fault_with_float_traps(uint64_t token) {
  return CGO_GUARD {
    feenableexcept(FE_DIVBYZERO | FE_INVALID);
    std::fesetround(FE_UPWARD);
    *static_cast<volatile uint64_t *>(null_plus(token)) = 1;
  };
}

extern "C" cgo_guard_error *guardtest_fault_with_direction_flag(uint64_t token) {
  return CGO_GUARD { guardtest::write_with_direction_flag(null_plus(token)); };
}

extern "C" cgo_guard_error *guardtest_fault_with_alignment_check(uint64_t token) {
  return CGO_GUARD { guardtest::write_with_alignment_check(null_plus(token)); };
}

// glibc takes libgcc_s by its file name. Where C++ code calls LLVM's libunwind (clang++ -stdlib=libc++), a personality
// asks that one about the other's frames, and the process crashes without a guard too.
extern "C" int32_t guardtest_threads_can_be_unwound(void) {
  void *const library = dlopen("libgcc_s.so.1", RTLD_LAZY);
  return library == nullptr || dlsym(library, "_Unwind_GetCFA") == dlsym(RTLD_DEFAULT, "_Unwind_GetCFA");
}

// pthread_cancel unwinds the stack with an exception that must reach the thread's start, through any guard.
extern "C" int32_t guardtest_cancelled_thread_unwinds(void) {
  guardtest::destructor_ran = false;
  pthread_t thread;
  if (pthread_create(&thread, nullptr, guardtest::wait_for_cancellation, nullptr) != 0) return 0;
  pthread_cancel(thread);
  void *result = nullptr;
  pthread_join(thread, &result);
  return result == PTHREAD_CANCELED && guardtest::destructor_ran && guardtest::unexpected == nullptr;
}
