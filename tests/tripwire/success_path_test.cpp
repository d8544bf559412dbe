// SPDX-License-Identifier: BSL-1.0
/// @file success_path_test.cpp
/// A guard that succeeds makes no system call, allocates nothing and takes no lock.

#include <csignal>
#include <cstddef>
#include <cstdio>
#include <string>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support.hpp"
#include "tripwire.hpp"

extern "C" int __sigaction(int, const struct sigaction *, struct sigaction *) noexcept;

namespace {

volatile int blocks_run;

__attribute__((noinline)) cgo_guard_error *guarded() {
  return CGO_GUARD { blocks_run = blocks_run + 1; };
}
__attribute__((noinline)) int guarded_value(cgo_guard_error **error) {
  return CGO_GUARD_VALUE(error) {
    blocks_run = blocks_run + 1;
    return 1;
  };
}

/// @return how many of the 1,000 guards succeeded.
int succeed_often() {
  int succeeded = 0;
  for (int i = 0; i < 500; ++i) {
    cgo_guard_error *error = nullptr;
    if (guarded() == nullptr) ++succeeded;
    if (guarded_value(&error) == 1 && error == nullptr) ++succeeded;
  }
  return succeeded;
}

/// Nothing of stdio's: it would make other system calls.
void say(const char *text, long number) {
  char line[80];
  const int length = std::snprintf(line, sizeof line, "%s %ld\n", text, number);
  static_cast<void>(!write(1, line, static_cast<std::size_t>(length)));
}

void on_forbidden_call(int, siginfo_t *info, void *) {
  say("system call", info->si_syscall);
  syscall(SYS_exit_group, 3);
}

/// From here on every system call but three ends the process.
bool forbid_system_calls() {
  struct sigaction action = {};
  action.sa_sigaction = &on_forbidden_call;
  action.sa_flags = SA_SIGINFO;
  // By libc's other name: the library notices who calls sigaction, and its next guard would go on top again.
  if (__sigaction(SIGSYS, &action, nullptr) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offsetof(seccomp_data, nr))),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter = {sizeof program / sizeof program[0], program};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

}  // namespace

DEATH_CASE(no_system_call) {
  take_the_signals();
  if (!forbid_system_calls()) return say("no seccomp", 0);
  say("succeeded", succeed_often());
  _exit(0);
}
TEST_CASE("Trap 63: a thousand guards that succeed make no system call") {
  const death d = die(no_system_call);
  CHECK(d.output == "succeeded 1000\n");
  CHECK(d.exit_status == 0);
}

DEATH_CASE(one_system_call) {
  take_the_signals();
  if (!forbid_system_calls()) return say("no seccomp", 0);
  cgo_guard_error *const error = CGO_GUARD { syscall(SYS_getppid); };
  say("succeeded", error == nullptr);
  _exit(0);
}
TEST_CASE("The filter of system calls notices one in a guarded block") {
  CHECK(die(one_system_call).output == "system call " + std::to_string(SYS_getppid) + "\n");
}

GUARDED_TEST_CASE("Trap 63: a thousand guards that succeed allocate nothing and take no lock") {
  tripwire::watch watch;
  const int succeeded = succeed_often();
  CHECK(watch.calls() == "");
  CHECK(succeeded == 1000);
}

GUARDED_TEST_CASE("The tripwire notices an allocation in a guarded block") {
  tripwire::watch watch;
  const caught error(CGO_GUARD { delete new std::string(100, 'x'); });
  CHECK(watch.calls() == "malloc malloc free free ");
  CHECK(error == nullptr);
}
