// SPDX-License-Identifier: BSL-1.0
// Runtimes that work by faults, called under a guard. Each in a process of its own, in every order of installation.
#include <csetjmp>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cgo_guard/detail/signal/alternate_stack.hpp>
#include <cgo_guard/detail/signal/handler_stack.hpp>
#include <cgo_guard/thread.hpp>

#include "faults.hpp"
#include "made_code.hpp"
#include "support.hpp"

namespace {

namespace arch = cgo_guard::detail::arch;
const std::size_t page_size = arch::page_size();

void check(bool condition, const char *what) {
  if (condition) return;
  std::printf("wrong: %s", what);
  std::fflush(stdout);
  _exit(1);
}

/// When the runtime's handler comes: before us, over us and below again since, or over us while the block runs.
enum order { before_us, after_us, in_the_block };

struct sigaction found;
void install(int signal, void (*handler)(int, siginfo_t *, void *), int flags = SA_SIGINFO | SA_ONSTACK) {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = flags;
  sigaction(signal, &action, &found);
}

void configure(int neighbours) {
  cgo_guard_options options = {};
  options.struct_size = sizeof options;
  options.crash_fd = -1;
  options.neighbours = neighbours;
  check(cgo_guard_configure(&options) == nullptr, "configure");
}

bool a_guard_works() {
  const caught error(CGO_GUARD { faults::write_null(); });
  return error && error->number == SIGSEGV;
}

/// Runs a block once for the order, and says whether it came through.
template <class Block>
bool comes_through(order when, int signal, void (*handler)(int, siginfo_t *, void *), Block &&block) {
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  if (when == before_us) install(signal, handler);
  take_the_signals();
  if (when == after_us) install(signal, handler);
  check(a_guard_works(), "guards do not work before");
  const caught error(CGO_GUARD {
    if (when == in_the_block) install(signal, handler);
    block();
  });
  check(a_guard_works(), "guards do not work afterwards");
  return !error;
}

/// Not theirs: what a runtime does with a fault that it does not know.
void decline(int signal, siginfo_t *info, void *context) {
  if ((found.sa_flags & SA_SIGINFO) != 0) found.sa_sigaction(signal, info, context);
}

/// A JVM in four instructions: a field is read through a pointer that nobody has checked, and the handler goes on where
/// the exception is made.
const made_code *code;
constexpr std::size_t recovery = 64;
void compile(const processor::code::bytes &instructions) {
  code = new made_code(instructions);
  code->write(recovery, processor::code::make_42());
}
void null_check(int signal, siginfo_t *info, void *context) {
  auto &interrupted = *static_cast<ucontext_t *>(context);
  if (!code->contains(arch::pc_of(interrupted))) return decline(signal, info, context);
  arch::set_pc(interrupted, code->begin() + recovery);
}
void run_null_check(order when) {
  compile(processor::code::read_argument());
  const bool fine = comes_through(when, SIGSEGV, null_check, [&] {
    for (int i = 0; i < 100; ++i) check(code->call() == 42, "the null check");
  });
  std::printf(fine ? "fine" : "taken away");
}

/// A garbage collector that hears of writes.
char *heap;
int barriers;
void write_barrier(int signal, siginfo_t *info, void *context) {
  const char *const address = static_cast<char *>(info->si_addr);
  if (address < heap || address >= heap + page_size) return decline(signal, info, context);
  ++barriers;
  mprotect(heap, page_size, PROT_READ | PROT_WRITE);
}
void run_barrier(order when, int protection) {
  heap = static_cast<char *>(mmap(nullptr, page_size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  const bool fine = comes_through(when, SIGSEGV, write_barrier, [&] {
    for (int i = 0; i < 100; ++i) {  // the same instruction and the same address, and each time a barrier
      mprotect(heap, page_size, protection);
      if (protection == PROT_READ) faults::write_to(reinterpret_cast<std::uintptr_t>(heap + page_size - 4));
      if (protection == PROT_NONE) faults::read_from(reinterpret_cast<std::uintptr_t>(heap));
    }
  });
  std::printf(fine && barriers == 100 ? "fine" : "taken away");
}

/// A file that grows when it is read beyond its end.
int file = -1;
void fill_page(int, siginfo_t *, void *) { check(ftruncate(file, page_size) == 0, "ftruncate"); }
void run_bus_error(order when) {
  file = fileno(std::tmpfile());
  heap = static_cast<char *>(mmap(nullptr, page_size, PROT_READ, MAP_SHARED, file, 0));
  const bool fine = comes_through(when, SIGBUS, fill_page, [] {
    check(faults::read_from(reinterpret_cast<std::uintptr_t>(heap)) == 0, "the page");
  });
  std::printf(fine ? "fine" : "taken away");
}

/// Generated code that divides, and code that is completed when it is reached.
#if defined(__x86_64__)  // elsewhere no division is a signal
void run_division(order when) {
  compile({0x31, 0xc9, 0xf7, 0xf1, 0xc3});  // xor %ecx,%ecx; div %ecx; ret
  const bool fine = comes_through(when, SIGFPE, null_check, [&] { check(code->call() == 42, "the division"); });
  std::printf(fine ? "fine" : "taken away");
}
/// A handler that masks the exception: the answer is in the floating-point state only.
void mask_division(int, siginfo_t *, void *context) {
  static_cast<ucontext_t *>(context)->uc_mcontext.fpregs->mxcsr = 0x1f80;
}
void run_masking(order when) {
  // sub $8,%rsp; movl $0x1d80,(%rsp); ldmxcsr (%rsp); pxor %xmm1,%xmm1; movl $0x3f800000,(%rsp); movss (%rsp),%xmm0;
  // divss %xmm1,%xmm0; mov $42,%eax; add $8,%rsp; ret. Division by zero is not masked there.
  compile({0x48, 0x83, 0xec, 0x08, 0xc7, 0x04, 0x24, 0x80, 0x1d, 0x00, 0x00, 0x0f, 0xae, 0x14, 0x24,
           0x66, 0x0f, 0xef, 0xc9, 0xc7, 0x04, 0x24, 0x00, 0x00, 0x80, 0x3f, 0xf3, 0x0f, 0x10, 0x04,
           0x24, 0xf3, 0x0f, 0x5e, 0xc1, 0xb8, 42,   0,    0,    0,    0x48, 0x83, 0xc4, 0x08, 0xc3});
  const bool fine = comes_through(when, SIGFPE, mask_division, [&] { check(code->call() == 42, "the division"); });
  std::printf(fine ? "fine" : "taken away");
}
#endif
void complete_code(int, siginfo_t *, void *) { code->write(0, processor::code::instead_of_undefined()); }
/// Where the breakpoint stays the next instruction, a handler has to step over it.
void step_over_trap(int, siginfo_t *, void *context) {
  auto &interrupted = *static_cast<ucontext_t *>(context);
  if (!processor::code::goes_on_behind_trap) arch::set_pc(interrupted, arch::pc_of(interrupted) + 4);
}
void run_patching(order when, bool trap) {
  compile(trap ? processor::code::trap_and_42() : processor::code::undefined_and_42());
  const bool fine = comes_through(when, trap ? SIGTRAP : SIGILL, trap ? step_over_trap : complete_code,
                                  [&] { check(code->call() == 42, "the stub"); });
  std::printf(fine ? "fine" : "taken away");
}

/// A sandbox that emulates a system call.
long emulated;
void emulate(int, siginfo_t *, void *context) {
  processor::set_result(*static_cast<ucontext_t *>(context), static_cast<std::uintptr_t>(emulated));
}
void run_emulation_of(order when, long result) {
  emulated = result;
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {4, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    std::printf("fine");  // not to be had in this container
    return;
  }
  const bool fine = comes_through(when, SIGSYS, emulate, [] { check(getpgid(0) == emulated, "the emulation"); });
  std::printf(fine ? "fine" : "taken away");
}

/// An engine that leaves by longjmp.
sigjmp_buf trap;
void leave(int, siginfo_t *, void *) { siglongjmp(trap, 1); }
void run_longjmp(order when) {
  compile(processor::code::read_argument());
  volatile int left = 0;
  const bool fine = comes_through(when, SIGSEGV, leave, [&] {
    for (volatile int i = 0; i < 100; i = i + 1) {
      if (sigsetjmp(trap, 1) == 0) {
        code->call();
      } else {
        left = left + 1;
      }
    }
    found = {};
    std::signal(SIGSEGV, SIG_DFL);  // or it would leave for ever
    take_the_signals();
  });
  std::printf(fine && left == 100 ? "fine" : "taken away");
}

/// A crash reporter: whatever comes is the end.
void report_and_end(int, siginfo_t *, void *) { _exit(77); }

}  // namespace

#define IN_EVERY_ORDER(name)                                    \
  DEATH_CASE(name##_before_us) { run_##name(before_us); }       \
  DEATH_CASE(name##_after_us) { run_##name(after_us); }         \
  DEATH_CASE(name##_in_the_block) { run_##name(in_the_block); } \
  static void expect_##name() {                                 \
    CHECK(die(name##_before_us).output == "fine");              \
    CHECK(die(name##_after_us).output == "fine");               \
    CHECK(die(name##_in_the_block).output == "fine");           \
  }

IN_EVERY_ORDER(null_check)
TEST_CASE("Null checks of generated code work under a guard") { expect_null_check(); }

namespace {
void run_writes(order when) { run_barrier(when, PROT_READ); }
void run_reads(order when) { run_barrier(when, PROT_NONE); }
}  // namespace
IN_EVERY_ORDER(writes)
IN_EVERY_ORDER(reads)
TEST_CASE("Write and read barriers work under a guard, also where they come again at once") {
  expect_writes();
  expect_reads();
}

IN_EVERY_ORDER(bus_error)
TEST_CASE("A page that is filled at a SIGBUS is filled under a guard") { expect_bus_error(); }

namespace {
void run_traps(order when) { run_patching(when, true); }
void run_stubs(order when) { run_patching(when, false); }
}  // namespace
IN_EVERY_ORDER(traps)
IN_EVERY_ORDER(stubs)
#if defined(__x86_64__)
IN_EVERY_ORDER(division)
IN_EVERY_ORDER(masking)
TEST_CASE("Generated code may work by SIGFPE") {
  expect_division();
  expect_masking();
}
#endif
TEST_CASE("Generated code may work by SIGTRAP and SIGILL") {
  expect_traps();
  expect_stubs();
}

namespace {
/// The result is what stands in the register already: the number of the call.
void run_emulation(order when) { run_emulation_of(when, 1234); }
void run_emulation_of_number(order when) { run_emulation_of(when, SYS_getpgid); }
}  // namespace
IN_EVERY_ORDER(emulation)
IN_EVERY_ORDER(emulation_of_number)
TEST_CASE("A sandbox emulates system calls under a guard, whatever their result is") {
  expect_emulation();
  expect_emulation_of_number();
}

IN_EVERY_ORDER(longjmp)
TEST_CASE("An engine may leave its generated code by siglongjmp") { expect_longjmp(); }

namespace {
/// Faults that look like the runtime's and are not, under a guard each.
void faults_that_are_nobodys(order when, void (*handler)(int, siginfo_t *, void *)) {
  heap = nullptr;
  if (when == before_us) install(SIGSEGV, handler);
  take_the_signals();
  if (when == after_us) install(SIGSEGV, handler);
  check(a_guard_works(), "guards do not work");
  compile(processor::code::read_argument());
  const caught in_code(CGO_GUARD { code->call(); });
  check(in_code && in_code->number == SIGSEGV, "a null pointer in generated code");
  const caught protected_page(CGO_GUARD { faults::write_read_only(); });
  check(protected_page && protected_page->access == CGO_GUARD_ACCESS_WRITE, "a write to read-only memory");
  std::printf("fine");
}
void asked_and_returns(int, siginfo_t *, void *) {}
}  // namespace
DEATH_CASE(declined_by_call) { faults_that_are_nobodys(after_us, decline); }
DEATH_CASE(declined_by_return) { faults_that_are_nobodys(before_us, asked_and_returns); }
DEATH_CASE(declined_by_return_later) { faults_that_are_nobodys(after_us, asked_and_returns); }
TEST_CASE("What the runtime declines, by a call of ours or by returning, is the guard's") {
  CHECK(die(declined_by_call).output == "fine");
  CHECK(die(declined_by_return).output == "fine");
  CHECK(die(declined_by_return_later).output == "fine");
}

DEATH_CASE(declined_on_small_stack) {
  take_the_signals();
  check(a_guard_works(), "guards do not work");
  install(SIGSEGV, asked_and_returns);
  check(a_guard_works(), "guards do not work with the neighbour");
  // In the middle of pages that can't be touched, so that a frame too many is seen.
  const std::size_t size = cgo_guard::detail::kernel_frame_size() + cgo_guard::detail::handler_need_without;
  char *const memory =
      static_cast<char *>(mmap(nullptr, 16 * page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  mprotect(memory + 8 * page_size, 8 * page_size, PROT_READ | PROT_WRITE);
  stack_t small = {};
  small.ss_sp = memory + 8 * page_size;
  small.ss_size = size;
  check(size <= 8 * page_size && sigaltstack(&small, nullptr) == 0, "sigaltstack");
  const caught error(CGO_GUARD { faults::write_read_only(); });
  check(error && error->access == CGO_GUARD_ACCESS_WRITE, "the fault");
  std::printf("fine");
}
TEST_CASE("Whether a neighbour has answered is found out on a stack of ours") {
  CHECK(die(declined_on_small_stack).output == "fine");
}

DEATH_CASE(not_asked) {
  install(SIGSEGV, report_and_end);
  take_the_signals();
  check(a_guard_works(), "a null pointer in C++");
  const caught call(CGO_GUARD { faults::call_null(); });
  check(call && call->access == CGO_GUARD_ACCESS_EXECUTE, "a call of null");
  const caught data(CGO_GUARD { faults::execute_data(); });
  check(data && data->access == CGO_GUARD_ACCESS_EXECUTE, "a call of data");
  const caught raised(CGO_GUARD { raise(SIGSEGV); });
  check(static_cast<bool>(raised), "a signal that was raised");
  cgo_guard::thread overflowing([] { faults::overflow_stack(0); });
  const caught overflow(overflowing.join_report());
  check(static_cast<bool>(overflow), "a stack overflow");
  std::printf("fine");
}
TEST_CASE("Nobody is asked of a null pointer in C++, a bad call, a raised signal or a stack overflow") {
  CHECK(die(not_asked).output == "fine");
}

DEATH_CASE(reporters) {
  install(SIGSEGV, report_and_end, SA_SIGINFO | static_cast<int>(SA_RESETHAND));
  take_the_signals();
  const caught once(CGO_GUARD { faults::write_read_only(); });
  check(static_cast<bool>(once), "with SA_RESETHAND");
  std::signal(SIGSEGV, [](int) { _exit(77); });
  check(a_guard_works(), "guards do not work");
  const caught simple(CGO_GUARD { faults::write_read_only(); });
  check(static_cast<bool>(simple), "without SA_SIGINFO");
  std::printf("fine");
}
TEST_CASE("A handler that can't work by faults is not asked: it is called once, or not told where the fault was") {
  CHECK(die(reporters).output == "fine");
}

DEATH_CASE(last) {
  configure(CGO_GUARD_NEIGHBOURS_LAST);
  install(SIGSEGV, report_and_end);
  faults_that_are_nobodys(before_us, report_and_end);
}
namespace {
/// A page that is made where there was none: by address it is nobody's, and looks like any bad pointer.
void make_page(int, siginfo_t *info, void *) {
  if (info->si_addr != heap) _exit(77);
  mmap(heap, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}
bool page_is_made() {
  heap = static_cast<char *>(mmap(nullptr, page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  munmap(heap, page_size);
  const caught error(CGO_GUARD { faults::write_to(reinterpret_cast<std::uintptr_t>(heap)); });
  return !error;
}
}  // namespace
DEATH_CASE(first) {
  install(SIGSEGV, make_page);
  take_the_signals();
  check(!page_is_made(), "asked without being told to");
  configure(CGO_GUARD_NEIGHBOURS_FIRST);
  check(page_is_made(), "not asked");
  std::printf("fine");
}
TEST_CASE("Either order can be had for every fault") {
  CHECK(die(last).output == "fine");
  CHECK(die(first).output == "fine");
  cgo_guard_options options = {};
  options.struct_size = sizeof options;
  options.neighbours = 3;
  REQUIRE(cgo_guard_configure(&options) != nullptr);
  CHECK(std::string(cgo_guard_configure(&options)).find("neighbours") != std::string::npos);
}
