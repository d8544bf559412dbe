// SPDX-License-Identifier: BSL-1.0
#include "tripwire.hpp"

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <pthread.h>
#include <sys/mman.h>

#include <cgo_guard/detail/signal/handler_stack.hpp>

namespace {

// Thread-local and in the main program: reading them is one instruction and allocates nothing.
thread_local std::uintptr_t watched_begin, watched_end;
thread_local const char *called[16];
thread_local int call_count;

void notice(const char *function) noexcept {
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  if (watched_begin == watched_end) return;
  const bool watched = here >= watched_begin && here < watched_end;
  if (!watched && !cgo_guard::detail::handler_stacks.contains(here)) return;
  if (call_count < 16) called[call_count] = function;
  ++call_count;
}

/// The definition that would be used without this program's. Not by dlsym, which is one of the watched.
template <class F>
F *original(const char *name) noexcept {
  for (const char *version : {"GLIBC_2.34", "GLIBC_2.2.5", "CXXABI_1.3"}) {
    if (void *const found = dlvsym(RTLD_NEXT, name, version)) return reinterpret_cast<F *>(found);
  }
  std::abort();
}

// Behind every call of an original: as a tail call, our frame would be gone, and with it `free` from the stack of a
// double free, by which the guard knows a corrupt heap.
#define NO_TAIL_CALL asm volatile("" ::: "memory")

}  // namespace

namespace tripwire {

watch::watch(const void *stack, std::size_t size) noexcept {
  call_count = 0;
  watched_begin = reinterpret_cast<std::uintptr_t>(stack);
  watched_end = watched_begin + size;
}
watch::watch() noexcept : watch(nullptr, ~std::size_t{0}) {}
watch::~watch() { watched_begin = watched_end = 0; }

std::string watch::calls() {
  watched_begin = watched_end = 0;
  std::string text;
  for (int i = 0; i < call_count && i < 16; ++i) text.append(called[i]).append(" ");
  return text;
}

const char *first_call() noexcept { return call_count == 0 ? "nothing" : called[0]; }

signal_stack::signal_stack()
    : memory_(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
  stack_t stack = {};
  stack.ss_sp = memory_;
  stack.ss_size = size;
  sigaltstack(&stack, nullptr);
}
signal_stack::~signal_stack() {
  stack_t none = {};
  none.ss_flags = SS_DISABLE;
  sigaltstack(&none, nullptr);
  munmap(memory_, size);
}

}  // namespace tripwire

// The heap's originals have second names in glibc, which work before anything has been looked up.
extern "C" {
void *__libc_malloc(std::size_t);
void *__libc_calloc(std::size_t, std::size_t);
void *__libc_realloc(void *, std::size_t);
void *__libc_memalign(std::size_t, std::size_t);
void __libc_free(void *);

void *malloc(std::size_t size) noexcept {
  notice("malloc");
  void *const result = __libc_malloc(size);
  NO_TAIL_CALL;
  return result;
}
void *calloc(std::size_t count, std::size_t size) noexcept {
  notice("calloc");
  void *const result = __libc_calloc(count, size);
  NO_TAIL_CALL;
  return result;
}
void *realloc(void *old, std::size_t size) noexcept {
  notice("realloc");
  void *const result = __libc_realloc(old, size);
  NO_TAIL_CALL;
  return result;
}
void *aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  notice("aligned_alloc");
  void *const result = __libc_memalign(alignment, size);
  NO_TAIL_CALL;
  return result;
}
void free(void *memory) noexcept {
  notice("free");
  __libc_free(memory);
  NO_TAIL_CALL;
}

// Looked up before main, because looking up allocates and locks; on the first call where that comes before even this.
#define FORWARD(type, name, parameters, arguments, specifier)                                                   \
  static type(*next_##name) parameters = nullptr;                                                               \
  __attribute__((constructor)) static void look_up_##name() { next_##name = original<type parameters>(#name); } \
  type name parameters specifier {                                                                              \
    notice(#name);                                                                                              \
    if (next_##name == nullptr) look_up_##name();                                                               \
    return next_##name arguments;                                                                               \
  }

FORWARD(int, pthread_mutex_lock, (pthread_mutex_t * mutex), (mutex), noexcept)
FORWARD(int, pthread_mutex_trylock, (pthread_mutex_t * mutex), (mutex), noexcept)
FORWARD(int, pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock), noexcept)
FORWARD(int, pthread_rwlock_wrlock, (pthread_rwlock_t * lock), (lock), noexcept)
FORWARD(int, pthread_once, (pthread_once_t * once, void (*routine)()), (once, routine), )
FORWARD(int, pthread_getattr_np, (pthread_t thread, pthread_attr_t *attributes), (thread, attributes), noexcept)
FORWARD(void *, dlopen, (const char *file, int mode), (file, mode), noexcept)
FORWARD(void *, dlsym, (void *handle, const char *name), (handle, name), noexcept)
FORWARD(int, dladdr, (const void *address, Dl_info *info), (address, info), noexcept)
FORWARD(int, dl_iterate_phdr, (int (*visit)(dl_phdr_info *, std::size_t, void *), void *data), (visit, data), )
FORWARD(int, backtrace, (void **addresses, int size), (addresses, size), )
FORWARD(std::size_t, fwrite, (const void *data, std::size_t size, std::size_t count, std::FILE *file),
        (data, size, count, file), )
FORWARD(int, fputs, (const char *text, std::FILE *file), (text, file), )
FORWARD(int, fflush, (std::FILE * file), (file), )
FORWARD(char *, __cxa_demangle, (const char *name, char *buffer, std::size_t *size, int *status),
        (name, buffer, size, status), )
}
