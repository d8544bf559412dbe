// SPDX-License-Identifier: BSL-1.0
#include <csignal>
#include <cstring>
#include <string>
#include <thread>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "faults.hpp"
#include "processor.hpp"
#include "support.hpp"

namespace {

template <class F>
caught fault(F &&f) {
  return caught(CGO_GUARD { f(); });
}

std::string stack_of(const caught &error) { return cgo_guard_stack(error.get()); }

/// Stack overflow needs another stack for its signal; Go's threads have one.
struct signal_stack {
  stack_t mine = {}, old = {};
  signal_stack() {
    mine.ss_size = 32 * 1024;  // what the Go runtime gives its threads (runtime/os_linux.go, malg(32 * 1024))
    mine.ss_sp = mmap(nullptr, mine.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::memset(mine.ss_sp, 0x5a, mine.ss_size);
    sigaltstack(&mine, &old);
  }
  ~signal_stack() {
    sigaltstack(&old, nullptr);
    munmap(mine.ss_sp, mine.ss_size);
  }
  std::size_t used() const {
    const auto *bytes = static_cast<const unsigned char *>(mine.ss_sp);
    std::size_t untouched = 0;
    while (untouched < mine.ss_size && bytes[untouched] == 0x5a) ++untouched;
    return mine.ss_size - untouched;
  }
};

void check(const caught &error, int signal, const char *name, const char *message, int access) {
  REQUIRE(error);
  CHECK(error->code == CGO_GUARD_SIGNAL);
  CHECK(error->number == signal);
  CHECK(std::string(error->name) == name);
  INFO(message_of(error));
  CHECK(contains(message_of(error), message));
  CHECK(error->access == access);
}

}  // namespace

GUARDED_TEST_CASE("Trap 8: each of the seven signals comes back as an error, decoded") {
  check(fault(faults::read_null), SIGSEGV, "SIGSEGV", "null pointer read at 0x0", CGO_GUARD_ACCESS_READ);
  check(fault(faults::write_null), SIGSEGV, "SIGSEGV", "null pointer write at 0x0", CGO_GUARD_ACCESS_WRITE);
  check(fault(faults::call_null), SIGSEGV, "SIGSEGV", "call through a null function pointer", CGO_GUARD_ACCESS_EXECUTE);
  check(fault([] { faults::call_address(0x123456789000); }), SIGSEGV, "SIGSEGV", "call through a wild function pointer",
        CGO_GUARD_ACCESS_EXECUTE);
  check(fault(faults::write_read_only), SIGSEGV, "SIGSEGV", "write to read-only memory", CGO_GUARD_ACCESS_WRITE);
  check(fault(faults::execute_data), SIGSEGV, "SIGSEGV", "execution of data", CGO_GUARD_ACCESS_EXECUTE);
  check(fault([] { faults::write_to(0x123456789000); }), SIGSEGV, "SIGSEGV", "wild address: write at 0x123456789000",
        CGO_GUARD_ACCESS_WRITE);
  check(fault(faults::wild_access), SIGSEGV, "SIGSEGV", "not canonical", CGO_GUARD_ACCESS_READ);
  check(fault(faults::bus_error), SIGBUS, "SIGBUS", "beyond the end of a mapped file", CGO_GUARD_ACCESS_READ);
  check(fault(faults::trap_instruction), processor::trap_signal, processor::trap_signal_name, "trap instruction",
        CGO_GUARD_ACCESS_UNKNOWN);
  check(fault(faults::illegal_instruction), SIGILL, "SIGILL", "trap instruction", CGO_GUARD_ACCESS_UNKNOWN);
  check(fault(faults::breakpoint), SIGTRAP, "SIGTRAP", "breakpoint", CGO_GUARD_ACCESS_UNKNOWN);
  check(fault([] { abort(); }), SIGABRT, "SIGABRT", "abort() was called", CGO_GUARD_ACCESS_UNKNOWN);
  check(fault([] { raise(SIGSYS); }), SIGSYS, "SIGSYS", "raised by the program itself", CGO_GUARD_ACCESS_UNKNOWN);
  check(fault(faults::arithmetic_exception), SIGFPE, "SIGFPE",
        processor::faults_on_division ? "division by zero" : "raised by the program itself", CGO_GUARD_ACCESS_UNKNOWN);
}

GUARDED_TEST_CASE("A method called on a null object names the offset it wanted to read, and the method") {
  const caught error = fault(faults::call_method_of_null);
  REQUIRE(error);
  CHECK(message_of(error) == "null pointer read at 0x8");
  CHECK(error->address == 8);
  CHECK(contains(stack_of(error), "account::get_balance"));
}

GUARDED_TEST_CASE("A call through a null pointer still has the stack of its caller") {
  const caught error = fault(faults::call_null);
  REQUIRE(error);
  INFO(stack_of(error));
  CHECK(contains(stack_of(error), "faults::call_null"));
}

GUARDED_TEST_CASE("Trap 53: an assertion comes back with its text, silently") {
  const caught error = fault([] { faults::assert_three_deep(7); });
  check(error, SIGABRT, "SIGABRT", "Assertion `value == 42 && \"the answer\"' failed.", CGO_GUARD_ACCESS_UNKNOWN);
  CHECK(contains(message_of(error), "faults.cpp:"));
  const std::string stack = stack_of(error);
  INFO(stack);
  CHECK(stack.find("third") < stack.find("second"));
  CHECK(stack.find("second") < stack.find("assert_three_deep"));
  CHECK(stack.find("third") < 40);
}

DEATH_CASE(silent_assert) {
  const caught error = fault([] { faults::assert_three_deep(7); });
  const caught terminated = fault([] { std::terminate(); });
  const caught pure = fault(faults::call_pure_virtual);
  const caught smashed = fault([] { faults::smash_stack(40); });
  std::printf("%d", error && terminated && pure && smashed);
}
TEST_CASE("Nothing is printed for what was recovered") {
  const death d = die(silent_assert);
  CHECK(d.exit_status == 0);
  CHECK(d.output == "1");
}

GUARDED_TEST_CASE("Trap 34: a stack overflow comes back, a hundred times on one thread, within Go's signal stack") {
  signal_stack stack;
  for (int i = 0; i < 100; ++i) {
    const caught error = fault([] { faults::overflow_stack(0); });
    REQUIRE(error);
    REQUIRE(contains(message_of(error), "stack overflow"));
    REQUIRE(error->frames_omitted > 1000);
    REQUIRE(error->frame_count == 128);
  }
  // The kernel's own frame is the larger half; the runtime leaves 32 KiB.
  INFO("signal stack used: " << stack.used());
  CHECK(stack.used() < 24 * 1024);
}

GUARDED_TEST_CASE("A stack overflow whose frames are larger than the guard page comes back") {
  signal_stack stack;
  const caught error = fault([] { faults::overflow_with_big_frames(0); });
  REQUIRE(error);
  CHECK(contains(message_of(error), "stack overflow"));
  CHECK(contains(stack_of(error), "overflow_with_big_frames"));
}

GUARDED_TEST_CASE("The middle of a deep stack is counted, and its two ends are right") {
  signal_stack stack;
  const caught error = fault([] { faults::overflow_stack(0); });
  REQUIRE(error);
  const std::string text = stack_of(error);
  CHECK(contains(text, " of them not recorded ..."));
  CHECK(text.find("overflow_stack") < 20);
  CHECK(text.rfind("fault_test.cpp") > text.find("not recorded"));
}

GUARDED_TEST_CASE("Trap 35: a smashed return address comes back, with no cleanup and saying so") {
  const caught error = fault(faults::smash_return_address_and_fault);
  check(error, SIGSEGV, "SIGSEGV", "null pointer write", CGO_GUARD_ACCESS_WRITE);
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_NONE);
  CHECK(contains(stack_of(error), "write_null"));
}

GUARDED_TEST_CASE("Trap 35: a return address may be smashed with anything") {
  const std::uintptr_t on_the_stack = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  for (const std::uintptr_t value : {std::uintptr_t{0}, std::uintptr_t{1}, std::uintptr_t{2}, std::uintptr_t{4096},
                                     on_the_stack, ~std::uintptr_t{0}}) {
    const caught error = fault([=] { faults::smash_return_address_with(value); });
    check(error, SIGSEGV, "SIGSEGV", "null pointer write", CGO_GUARD_ACCESS_WRITE);
    CHECK(error->cleanup == CGO_GUARD_CLEANUP_NONE);
  }
}

GUARDED_TEST_CASE("Trap 35: a smashed stack that the stack protector sees comes back as that") {
  const caught error = fault([] { faults::smash_stack(64); });
  check(error, SIGABRT, "SIGABRT", "stack smashing detected", CGO_GUARD_ACCESS_UNKNOWN);
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_NONE);
}

GUARDED_TEST_CASE("A fault below code without unwind tables comes back, with no cleanup") {
  const caught error = fault([] { faults::call_without_unwind_tables(faults::write_null); });
  check(error, SIGSEGV, "SIGSEGV", "null pointer write", CGO_GUARD_ACCESS_WRITE);
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_NONE);
}

DEATH_CASE(seccomp) {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program = {4, filter};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) std::printf("no seccomp here ");
  const caught error = fault([] { syscall(SYS_getppid); });
  std::printf("%s", error ? error->message : "no error");
}
TEST_CASE("Trap 8: a system call that seccomp refuses comes back as SIGSYS with its number") {
  if (under_emulation()) SKIP_CASE("the emulator makes the system calls itself, and has no seccomp");
  const death d = die(seccomp);
  CHECK(d.output == "system call " + std::to_string(SYS_getppid) + " is not allowed here (seccomp)");
}

GUARDED_TEST_CASE("Trap 54: the address of a fault is the instruction's, that of a trap the one before") {
  const caught trap = fault(faults::breakpoint);
  REQUIRE(trap);
  CHECK(contains(stack_of(trap), "faults::breakpoint"));
  const caught illegal = fault(faults::trap_instruction);
  REQUIRE(illegal);
  CHECK(contains(stack_of(illegal), "faults::trap_instruction"));
}

namespace {

void tell_and_end(int, siginfo_t *info, void *) {
  static_cast<void>(!write(1, info->si_code == BUS_MCEERR_AO ? "bad memory " : "signal ", info->si_code > 0 ? 11 : 7));
  _exit(7);
}
void install(int signal) {
  struct sigaction action = {};
  action.sa_sigaction = tell_and_end;
  action.sa_flags = SA_SIGINFO;
  sigaction(signal, &action, nullptr);
  take_the_signals();
}

/// As the kernel sends it. It takes such a code of a process for the process itself.
void send_to_itself(int signal, int code) {
  siginfo_t info = {};
  info.si_signo = signal;
  info.si_code = code;
  syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), signal, &info);
}

}  // namespace

DEATH_CASE(memory_error_elsewhere) {
  install(SIGBUS);
  static_cast<void>(caught(CGO_GUARD { send_to_itself(SIGBUS, BUS_MCEERR_AO); }));
}
TEST_CASE("Bad memory that nobody has asked for is no fault of the guarded block") {
  if (under_emulation()) SKIP_CASE("the emulator takes a signal with such a code for a fault of its own");
  CHECK(die(memory_error_elsewhere).output == "bad memory ");
}

GUARDED_TEST_CASE("Bad memory that the guarded block has read is its fault") {
  if (under_emulation()) SKIP_CASE("the emulator takes a signal with such a code for a fault of its own");
  const caught error(CGO_GUARD { send_to_itself(SIGBUS, BUS_MCEERR_AR); });
  REQUIRE(error);
  CHECK(error->number == SIGBUS);
}

DEATH_CASE(abort_of_another_thread) {
  install(SIGABRT);
  const pthread_t guarded = pthread_self();
  static_cast<void>(caught(CGO_GUARD {
    sigset_t abort_only, before;
    sigemptyset(&abort_only);
    sigaddset(&abort_only, SIGABRT);
    pthread_sigmask(SIG_BLOCK, &abort_only, &before);
    std::thread([=] { pthread_kill(guarded, SIGABRT); }).join();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }));
  std::printf("came back ");
}
TEST_CASE("Trap 9: another thread's SIGABRT is not the block's own, also where the block itself lets it in") {
  CHECK(die(abort_of_another_thread).output == "signal ");
}

#if defined(__GLIBC__)  // zig's own runtime, which programs with musl have here, has few of these functions
// libgcc's, which GCC's -ftrapv calls. Linked in because this calls it.
extern "C" int __addvsi3(int, int);
extern "C" long __mulvdi3(long, long);

GUARDED_TEST_CASE("A signed overflow that -ftrapv has found is called one") {
  volatile int big = 0x7fffffff;
  check(fault([&] { big = __addvsi3(big, 1); }), SIGABRT, "SIGABRT", "signed integer overflow (-ftrapv)",
        CGO_GUARD_ACCESS_UNKNOWN);
  volatile long large = 0x7fffffffffffffff;
  check(fault([&] { large = __mulvdi3(large, 2); }), SIGABRT, "SIGABRT", "signed integer overflow (-ftrapv)",
        CGO_GUARD_ACCESS_UNKNOWN);
}
#endif
