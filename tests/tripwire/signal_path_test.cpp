// SPDX-License-Identifier: BSL-1.0
/// @file signal_path_test.cpp
/// The signal handler calls nothing that a signal handler may not call.

#include <csignal>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <unistd.h>

#include <cgo_guard/detail/crash/core_on_fault.hpp>
#include <cgo_guard/detail/signal/handler_stack.hpp>

#include "faults.hpp"
#include "support.hpp"
#include "tripwire.hpp"

namespace {

volatile int kept;
std::mutex mutex;

struct cleanup {
  // On the ordinary stack again, so it may do what it likes.
  ~cleanup() { kept = static_cast<int>(std::string(100, 'x').size()); }
};

/// Between guard and fault: landing pads of three kinds, in frames of their own.
__attribute__((noinline)) void below_landing_pads(void (*f)()) {
  const cleanup c;
  f();
  kept = 1;
}
__attribute__((noinline)) void below_catch_all(void (*f)()) {
  try {
    below_landing_pads(f);
  } catch (...) {
    kept = 2;
    throw;
  }
}
__attribute__((noinline)) void below_lock(void (*f)()) {
  const std::lock_guard<std::mutex> lock(mutex);
  below_catch_all(f);
  kept = 3;
}

struct crashes {
  ~crashes() { faults::write_null(); }
};

void crash_in_catch() {
  try {
    faults::throw_two_deep();
  } catch (...) {
    faults::write_null();
  }
}
void crash_while_unwinding() {
  const crashes c;
  faults::throw_two_deep();
}
void crash_twice() {
  const crashes c;
  faults::write_null();
}
void swallow() {
  try {
    faults::write_null();
  } catch (...) {
    kept = 4;
  }
}

struct way_to_fail {
  const char *name;
  int signal;  ///< 0 for std::terminate
  void (*run)();
};
const way_to_fail ways[] = {
    {"read of null", SIGSEGV, [] { faults::read_null(); }},
    {"write to null", SIGSEGV, faults::write_null},
    {"call of null", SIGSEGV, faults::call_null},
    {"method of null", SIGSEGV, faults::call_method_of_null},
    {"write to a constant", SIGSEGV, faults::write_read_only},
    {"execution of data", SIGSEGV, faults::execute_data},
    {"wild access", SIGSEGV, faults::wild_access},
    {"bus error", SIGBUS, faults::bus_error},
    {"division by zero", SIGFPE, [] { faults::divide(1, 0); }},
    {"illegal instruction", SIGILL, faults::trap_instruction},
    {"breakpoint", SIGTRAP, faults::breakpoint},
    {"raise", SIGABRT, [] { std::raise(SIGABRT); }},
    {"abort", SIGABRT, [] { std::abort(); }},
    {"assertion", SIGABRT, [] { faults::assert_three_deep(41); }},
    {"stack overflow", SIGSEGV, [] { faults::overflow_stack(0); }},
    {"stack overflow with big frames", SIGSEGV, [] { faults::overflow_with_big_frames(0); }},
    {"smashed stack", SIGABRT, [] { faults::smash_stack(64); }},
    {"smashed return address", SIGSEGV, faults::smash_return_address_and_fault},
    {"no unwind tables", SIGSEGV, [] { faults::call_without_unwind_tables(faults::write_null); }},
    {"pure virtual call", 0, faults::call_pure_virtual},
    {"broken noexcept", 0, faults::break_noexcept},
    {"throw while unwinding", 0, faults::throw_in_destructor_while_unwinding},
    {"joinable thread", 0, faults::terminate_with_joinable_thread},
    {"crash in a catch block", SIGSEGV, crash_in_catch},
    {"crash while unwinding", SIGSEGV, crash_while_unwinding},
    {"crash in a destructor that runs because of a crash", SIGSEGV, crash_twice},
    {"catch (...) that swallows", SIGSEGV, swallow},
};

std::string text_of(const cgo_guard_error *error, const std::string &calls) {
  if (error == nullptr) return "no error";
  return std::to_string(error->code) + ", number " + std::to_string(error->number) + ", called " + calls;
}

/// @return a line for each way that went otherwise than it should, none where all is well.
std::string fail_in_every_way(void (*below)(void (*)())) {
  std::string wrong;
  const tripwire::signal_stack stack;
  for (const way_to_fail &way : ways) {
    tripwire::watch watch(stack.begin(), stack.size);
    const caught error(CGO_GUARD { below(way.run); });
    const std::string calls = watch.calls();
    // Where the stack couldn't be walked the lock stays locked; the next way needs it.
    static_cast<void>(mutex.try_lock());
    mutex.unlock();
    const std::string expected = std::to_string(way.signal == 0 ? CGO_GUARD_TERMINATE : CGO_GUARD_SIGNAL) +
                                 ", number " + std::to_string(way.signal) + ", called ";
    const std::string found = text_of(error.get(), calls);
    if (found != expected) wrong.append(way.name).append(": code ").append(found).append("\n");
  }
  return wrong;
}

volatile bool forbidden = false;
void calls_what_it_may_not(int) {
  if (!forbidden) return;
  void *volatile memory = std::malloc(16);
  std::free(memory);
  const std::lock_guard<std::mutex> lock(mutex);
}

}  // namespace

GUARDED_TEST_CASE("The tripwire notices a handler that allocates and locks, and leaves the others alone") {
  const tripwire::signal_stack stack;
  struct sigaction action = {}, old;
  action.sa_handler = &calls_what_it_may_not;
  action.sa_flags = SA_ONSTACK;
  REQUIRE(sigaction(SIGUSR1, &action, &old) == 0);
  forbidden = true;
  tripwire::watch first(stack.begin(), stack.size);
  std::raise(SIGUSR1);
  CHECK(first.calls() == "malloc free pthread_mutex_lock ");
  forbidden = false;
  tripwire::watch second(stack.begin(), stack.size);
  std::raise(SIGUSR1);
  void *volatile memory = std::malloc(16);
  std::free(memory);
  CHECK(second.calls() == "");
  // Off the signal stack, the same handler is none of its business.
  forbidden = true;
  action.sa_flags = 0;
  REQUIRE(sigaction(SIGUSR1, &action, nullptr) == 0);
  tripwire::watch third(stack.begin(), stack.size);
  std::raise(SIGUSR1);
  CHECK(third.calls() == "");
  sigaction(SIGUSR1, &old, nullptr);
}

void calls_it_on_a_stack_of_the_library(int signal, siginfo_t *, void *context) {
  cgo_guard::detail::with_room(*static_cast<ucontext_t *>(context), [&]() noexcept { calls_what_it_may_not(signal); });
}
GUARDED_TEST_CASE("The tripwire notices it as well on the stacks that the library's handler works on") {
  cgo_guard::detail::prepare_handler_stacks();
  const tripwire::signal_stack stack;
  struct sigaction action = {}, old;
  action.sa_sigaction = &calls_it_on_a_stack_of_the_library;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  REQUIRE(sigaction(SIGUSR1, &action, &old) == 0);
  forbidden = true;
  tripwire::watch first(stack.begin(), stack.size);
  std::raise(SIGUSR1);
  CHECK(first.calls() == "malloc free pthread_mutex_lock ");
  forbidden = false;
  tripwire::watch second(stack.begin(), stack.size);
  std::raise(SIGUSR1);
  CHECK(second.calls() == "");
  sigaction(SIGUSR1, &old, nullptr);
}

GUARDED_TEST_CASE("Trap 46: the handler calls nothing forbidden, whatever the fault, with landing pads to run") {
  CHECK(fail_in_every_way(below_lock) == "");
}

GUARDED_TEST_CASE("Trap 46: the handler calls nothing forbidden, with nothing to clean up") {
  CHECK(fail_in_every_way([](void (*f)()) { f(); }) == "");
}

DEATH_CASE(on_a_new_thread) {
  std::thread([] { std::printf("wrong: %s", fail_in_every_way(below_lock).c_str()); }).join();
}
TEST_CASE("Trap 46: the handler calls nothing forbidden on a thread that has never failed before") {
  // In a process of its own, where nothing has warmed up.
  CHECK(die(on_a_new_thread).output == "wrong: ");
}

DEATH_CASE(corrupt_heap) {
  cgo_guard_options options = {};
  options.struct_size = sizeof options;
  options.heap_policy = CGO_GUARD_HEAP_CONTINUE;
  cgo_guard_configure(&options);
  const tripwire::signal_stack stack;
  tripwire::watch watch(stack.begin(), stack.size);
  cgo_guard_error *const error = CGO_GUARD { below_lock(faults::double_free); };
  std::printf("\n%s, cleanup %d, called %s", error->name, error->cleanup, tripwire::first_call());
}
TEST_CASE("Trap 46: the handler calls nothing forbidden where the heap is corrupt") {
  const std::string output = die(corrupt_heap).output;
  INFO(output);
  CHECK(output.find("SIGABRT, cleanup 2, called nothing") != std::string::npos);
}

void end_with_report(int, siginfo_t *, void *) {
  const std::string_view called = tripwire::first_call();
  static_cast<void>(!write(1, called.data(), called.size()));
  _exit(7);
}
DEATH_CASE(not_ours) {
  struct sigaction action = {};
  action.sa_sigaction = &end_with_report;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGSEGV, &action, nullptr);
  take_the_signals();
  const tripwire::signal_stack stack;
  tripwire::watch watch(stack.begin(), stack.size);
  faults::write_null();
}
TEST_CASE("Trap 46: the handler calls nothing forbidden on the way to the handler before it") {
  const death d = die(not_ours);
  CHECK(d.output == "nothing");
  CHECK(d.exit_status == 7);
}

DEATH_CASE(fault_with_a_core) {
  take_the_signals();
  char directory[] = "/tmp/cgo_guard_tripwire_XXXXXX";
  cgo_guard_options options = {};
  options.struct_size = sizeof options;
  options.core_dir = mkdtemp(directory);
  cgo_guard_configure(&options);
  const tripwire::signal_stack stack;
  tripwire::watch watch(stack.begin(), stack.size);
  const caught error(CGO_GUARD { below_lock(faults::write_null); });
  std::printf("core %d, called %s", error->core_file[0] != 0, tripwire::first_call());
  while (!cgo_guard::detail::has_ended(*cgo_guard::detail::cores.last)) usleep(1000);
  unlink(error->core_file);
  rmdir(directory);
}
TEST_CASE("The handler calls nothing forbidden when it takes a core, on a signal stack as small as Go's") {
  CHECK(die(fault_with_a_core).output == "core 1, called nothing");
}
