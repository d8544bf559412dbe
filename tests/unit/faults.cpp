// SPDX-License-Identifier: BSL-1.0
#include "faults.hpp"

#include "processor.hpp"

#undef NDEBUG  // the asserts here are the point
#include <cassert>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <thread>

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>

namespace faults {

#define KEEP asm volatile("" ::: "memory")

static volatile int sink;

int read_null() {
  volatile int *volatile p = nullptr;
  return *p;
}
void write_null() {
  volatile int *volatile p = nullptr;
  *p = 1;
}
void write_to(std::uintptr_t address) { *reinterpret_cast<volatile int *>(address) = 1; }
int read_from(std::uintptr_t address) { return *reinterpret_cast<volatile int *>(address); }

void call_null() {
  void (*volatile f)() = nullptr;
  f();
  KEEP;
}
void call_address(std::uintptr_t address) {
  auto *volatile f = reinterpret_cast<void (*)()>(address);
  f();
  KEEP;
}

struct account {
  long id;
  long balance;
  __attribute__((noinline)) long get_balance() const {
    KEEP;
    return balance;
  }
};
void call_method_of_null() {
  account *volatile p = nullptr;
  sink = static_cast<int>(p->get_balance());
}

static const int constant_table[1024] = {1, 2, 3};
void write_read_only() { *const_cast<volatile int *>(&constant_table[1]) = 7; }

void execute_data() {
  static unsigned char code[64];
  call_address(reinterpret_cast<std::uintptr_t>(code));
}

void wild_access() { sink = read_from(0x4142434445464748); }

void bus_error() {
  std::FILE *const file = std::tmpfile();
  if (file == nullptr) return;
  void *const memory = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fileno(file), 0);
  std::fclose(file);  // the mapping stays, of a file with no bytes in it
  sink = *static_cast<volatile int *>(memory);
}

int divide(int a, int b) { return a / b; }
void arithmetic_exception() {
  if (processor::faults_on_division) {
    volatile int one = 1, zero = 0;  // or the compiler knows what comes out, and does not divide
    sink = divide(one, zero);
  } else {
    std::raise(SIGFPE);
  }
  KEEP;
}
void illegal_instruction() { processor::illegal_instruction(); }
void trap_instruction() { __builtin_trap(); }
void breakpoint() { processor::breakpoint(); }

__attribute__((noinline)) static void third(int value) {
  assert(value == 42 && "the answer");
  KEEP;
}
__attribute__((noinline)) static void second(int value) {
  third(value);
  KEEP;
}
void assert_three_deep(int value) {
  second(value);
  KEEP;
}

int overflow_stack(int depth) {
  volatile char room[64];
  room[0] = static_cast<char>(depth);
  const int below = overflow_stack(depth + 1);
  return below + room[0];
}
int overflow_with_big_frames(int depth) {
  volatile char room[100000];
  room[depth % 100000] = 1;
  const int below = overflow_with_big_frames(depth + 1);
  return below + room[0];
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstringop-overflow"
__attribute__((noinline)) static void fill(char *to, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) to[i] = 'A';
  KEEP;
}
#pragma GCC diagnostic pop
/// Built with -fstack-protector-all (meson.build).
__attribute__((noinline)) void smash_stack(std::size_t bytes) {
  char room[16];
  fill(room, bytes);
  KEEP;
}
/// Overwrites its own return address, and then faults: the walk has nowhere to go.
__attribute__((noinline, no_stack_protector)) void smash_return_address_with(std::uintptr_t value) {
  auto **const frame = static_cast<void **>(__builtin_frame_address(0));
  frame[0] = reinterpret_cast<void *>(value);
  frame[1] = reinterpret_cast<void *>(value);
  KEEP;
  write_null();
  KEEP;
}
__attribute__((noinline)) void smash_return_address_and_fault() {
  smash_return_address_with(0x4141414141414141);
  KEEP;
}

struct base {
  base() { call(); }
  virtual ~base() = default;
  void call() { run(); }
  virtual void run() = 0;
};
struct derived : base {
  void run() override {}
};
void call_pure_virtual() { derived d; }

__attribute__((noinline)) static void throw_one() { throw std::runtime_error("one"); }
void throw_two_deep() {
  throw_one();
  KEEP;
}
__attribute__((noinline)) static void promise_not_to_throw() noexcept {
  throw_one();
  KEEP;
}
void break_noexcept() {
  promise_not_to_throw();
  KEEP;
}

struct thrower {
  ~thrower() noexcept(false) { throw std::logic_error("two"); }
};
void throw_in_destructor_while_unwinding() {
  thrower t;
  throw_one();
}

void terminate_with_joinable_thread() {
  std::thread t([] { usleep(1000); });
}

void double_free() {
  void *volatile p = std::malloc(24);
  std::free(p);
  std::free(p);
  p = nullptr;  // no tail call: this function is to be found on the stack
}

void write_past_heap_block() {
  // The size field of the next chunk: found by the next free or malloc that looks. Blocks that were free before may lie
  // anywhere; when they are used up, one is cut off behind the other.
  char *volatile p = nullptr;
  char *volatile q = nullptr;
  for (int i = 0; i < 100000 && q != p + 32; ++i) {
    p = static_cast<char *>(std::malloc(24));
    q = static_cast<char *>(std::malloc(2000));
  }
  char *volatile r = static_cast<char *>(std::malloc(24));
  for (int i = 24; i < 32; ++i) static_cast<volatile char *>(p)[i] = 0x41;
  std::free(q);
  std::free(r);
  std::free(p);
}

}  // namespace faults
