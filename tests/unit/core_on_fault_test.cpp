// SPDX-License-Identifier: BSL-1.0
// Cores of faults that a guard takes, read with gdb; and what the process must not notice of them.

#include <cerrno>
#include <csignal>
#include <cstring>
#include <sstream>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cgo_guard/detail/crash/core_mappings.hpp>
#include <cgo_guard/detail/crash/core_on_fault.hpp>

#include "c_library.hpp"
#include "cores.hpp"
#include "cxx_runtime.hpp"

using namespace cores_test;

namespace {

constexpr int counting_line = __LINE__ + 4;
[[gnu::noinline]] void count_apples(int pears) {
  volatile int apples = 4700 + pears;
  volatile double weight = 0.25 * pears;
  if (apples > weight) faults::write_null();
  apples = 0;  // so that the call is not a jump
}

}  // namespace

DEATH_CASE(core_of_a_thread) {
  take_the_signals();
  take_cores();
  std::thread([] {
    pthread_setname_np(pthread_self(), "counter");
    fault([] { count_apples(11); });
    std::printf("thread %d.\n", gettid());
  }).join();
  wait_for_the_core();
  std::printf("%d failed: %s.\n", static_cast<int>(stats().cores_failed), stats().core_failure);
  const caught after(CGO_GUARD { throw 7; });
  std::printf("then %s\n", after->message);
}
TEST_CASE(
    "gdb sees the fault in a core: functions, lines, locals, libraries, thread, signal; and the process goes on") {
  if (c_library::is_static()) SKIP_CASE(c_library::why_not_static);
  const scratch directory;
  const death d = die(core_of_a_thread);
  INFO(d.output);
  CHECK(d.exit_status == 0);
  CHECK(contains(d.output, "0 failed: .\n"));
  CHECK(contains(d.output, "then 7\n"));
  REQUIRE(directory.list().size() == 1);
  const std::string core = directory.list()[0];
  CHECK(contains(d.output, "core: " + core + "\n"));
  struct stat file;
  REQUIRE(stat(core.c_str(), &file) == 0);
  CHECK((file.st_mode & 0777) == 0600);

  const std::string seen = gdb(core,
                               "-ex bt -ex 'frame function count_apples' -ex 'print apples' -ex 'print weight' "
                               "-ex 'info sharedlibrary' -ex 'print $_siginfo.si_signo'");
  INFO(seen);
  CHECK(contains(seen, "Program terminated with signal SIGSEGV"));
  CHECK(contains(seen, "#0  "));
  CHECK(seen.find("faults::write_null") < seen.find("#1  "));
  CHECK(contains(seen, "core_on_fault_test.cpp:" + std::to_string(counting_line)));
  CHECK(contains(seen, "= 4711\n"));
  CHECK(contains(seen, "= 2.75\n"));
  CHECK(contains(seen, cxx_runtime::library));
  CHECK(contains(seen, "= 11\n"));
  const std::size_t thread = d.output.find("thread ");
  CHECK(contains(seen, "(LWP " + d.output.substr(thread + 7, d.output.find('.', thread) - thread - 7)));
  CHECK(!contains(seen, "warning:"));
  CHECK(!contains(seen, "Failed to read"));  // the vdso
}

DEATH_CASE(core_of_an_assertion) {
  take_the_signals();
  take_cores();
  fault([] { faults::assert_three_deep(3); });
  wait_for_the_core();
}
TEST_CASE("A core of an assertion stands in abort") {
  const scratch directory;
  const death d = die(core_of_an_assertion);
  INFO(d.output);
  REQUIRE(directory.list().size() == 1);
  const std::string seen = gdb(directory.list()[0], "-ex bt");
  INFO(seen);
  CHECK(contains(seen, "Program terminated with signal SIGABRT"));
  const std::size_t abort = seen.find("abort ("), fault = seen.find("faults::assert_three_deep");
  CHECK(abort != std::string::npos);
  CHECK(fault != std::string::npos);
  CHECK(abort < fault);
}

DEATH_CASE(core_of_an_overflow) {
  take_the_signals();
  cgo_guard::prepare_this_thread();
  take_cores();
  fault([] { faults::overflow_stack(0); });
  wait_for_the_core();
  fault([] { faults::double_free(); });
  wait_for_the_core();
}
TEST_CASE("A stack overflow has a core, and so has what corrupts the heap") {
  if (!c_library::malloc_notices) SKIP_CASE(c_library::why_malloc_does_not_notice);
  const scratch directory;
  const death d = die(core_of_an_overflow);
  INFO(d.output);
  CHECK(d.exit_status == 0);
  CHECK(!contains(d.output, "core: none"));
  REQUIRE(directory.list().size() == 2);
  CHECK(contains(gdb(directory.path() + "/*.1", "-ex 'bt 3'"), "faults::overflow_stack"));
  CHECK(contains(gdb(directory.path() + "/*.2", "-ex bt"), "faults::double_free"));
}

DEATH_CASE(core_and_pipes) {
  take_the_signals();
  take_cores(100);
  const std::vector<char> ballast(std::size_t{64} << 20, 'x');
  // More than once, because this thread may be asleep until the core is complete.
  for (int i = 0; i < 20; ++i) {
    int channel[2];
    if (pipe(channel) != 0) return;
    const std::string core = fault();
    if (core.empty()) return;
    close(channel[1]);
    pollfd end = {channel[0], POLLIN, 0};
    poll(&end, 1, -1);
    const bool was_closed = exists(core + ".unfinished");
    kill(writer(), SIGKILL);
    wait_for_the_core();
    unlink(core.c_str());
    close(channel[0]);
    if (!was_closed) continue;
    std::printf("closed while it was being written\n");
    return;
  }
}
TEST_CASE("The writer of a core keeps no pipe open") {
  const scratch directory;
  const death d = die(core_and_pipes);
  INFO(d.output);
  CHECK(contains(d.output, "closed while it was being written\n"));
}

DEATH_CASE(core_and_waiting) {
  take_the_signals();
  take_cores();
  struct sigaction action = {};
  action.sa_handler = [](int) { std::printf("SIGCHLD\n"); };
  sigaction(SIGCHLD, &action, nullptr);
  fault();
  int status = 0;
  siginfo_t info;
  waitid(P_PID, static_cast<id_t>(writer()), &info, WEXITED | WNOWAIT | __WALL);
  const pid_t others = waitpid(-1, &status, WNOHANG);
  std::printf("wait %d %s\n", others, others < 0 && errno == ECHILD ? "no child" : "");
  stats();
  const pid_t any = waitpid(-1, &status, WNOHANG | __WALL);
  std::printf("zombies %d %s\n", any, any < 0 && errno == ECHILD ? "none" : "");
}
TEST_CASE("Who waits for the process's children never hears of the writer, and Stats clears it away") {
  if (under_emulation()) SKIP_CASE("the emulator copies a process by fork alone, which has a SIGCHLD");
  const scratch directory;
  const death d = die(core_and_waiting);
  INFO(d.output);
  CHECK(contains(d.output, "wait -1 no child\n"));
  CHECK(contains(d.output, "zombies -1 none\n"));
  CHECK(!contains(d.output, "SIGCHLD"));
}

DEATH_CASE(core_of_much_memory) {
  take_the_signals();
  take_cores();
  const auto map = [](std::size_t size, int protection) {
    return static_cast<char *>(mmap(nullptr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  };
  map(std::size_t{4} << 30, PROT_NONE);
  char *const scattered = map(std::size_t{8} << 20, PROT_READ | PROT_WRITE);
  for (std::size_t at = 0; at < std::size_t{8} << 20; at += std::size_t{1} << 19) {
    std::snprintf(scattered + at, 100, "scattered %zu", at >> 19);
  }
  char *const untouched = map(std::size_t{4} << 30, PROT_READ | PROT_WRITE);
  char *const secret = map(4096, PROT_READ | PROT_WRITE), *const guarded = map(4096, PROT_READ | PROT_WRITE);
  std::snprintf(untouched + (std::size_t{3} << 30), 100, "far %s", "away");
  std::snprintf(secret, 100, "pass%s", "word");
  std::snprintf(guarded, 100, "behind %s", "bars");
  mprotect(guarded, 4096, PROT_NONE);
  madvise(secret, 4096, MADV_DONTDUMP);
  fault();
  wait_for_the_core();
  std::printf("addresses: %p %p %p %p.\n", static_cast<void *>(untouched + (std::size_t{3} << 30)),
              static_cast<void *>(guarded), static_cast<void *>(scattered), static_cast<void *>(secret));
}
TEST_CASE("A core has what was written, not what was reserved, and nothing that is not to be dumped") {
  const scratch directory;
  const death d = die(core_of_much_memory);
  INFO(d.output);
  REQUIRE(directory.list().size() == 1);
  struct stat file;
  REQUIRE(stat(directory.list()[0].c_str(), &file) == 0);
  CHECK(file.st_blocks * 512 < 100 * 1000 * 1000);
  std::stringstream addresses(d.output.substr(d.output.find("addresses: ") + 11));
  std::string far, guarded, scattered, secret;
  addresses >> far >> guarded >> scattered >> secret;
  secret.pop_back();
  std::string questions = "-ex 'x/s " + far + "' -ex 'x/s " + guarded + "' -ex 'x/s " + secret + "'";
  for (int i = 0; i < 16; ++i) questions += " -ex 'x/s " + scattered + " + " + std::to_string(i << 19) + "'";
  const std::string seen = gdb(directory.list()[0], questions);
  INFO(seen);
  for (int i = 0; i < 16; ++i) CHECK(contains(seen, "\"scattered " + std::to_string(i) + "\""));
  CHECK(contains(seen, "far away"));
  CHECK(contains(seen, "behind bars"));
  if (!under_emulation())
    CHECK(contains(seen, "Cannot access memory at address " + secret));  // it has no MADV_DONTDUMP
}

DEATH_CASE(core_in_a_fork) {
  take_the_signals();
  take_cores();
  fault();
  const pid_t child = fork();
  if (child == 0) {
    usleep(2000);
    const caught error(CGO_GUARD { faults::write_null(); });
    _exit(error != nullptr && error->core_file[0] == 0 ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  wait_for_the_core();
  std::printf("child %d\n", status);
}
TEST_CASE("A fork's child takes no cores, and leaves its parent's alone") {
  const scratch directory;
  const death d = die(core_in_a_fork);
  INFO(d.output);
  CHECK(contains(d.output, "child 0\n"));
  CHECK(directory.list().size() == 1);
}
TEST_CASE("What is kept of a mapping goes by the rules of the kernel's cores") {
  using cgo_guard::detail::core_mapping;
  struct {
    const char *header, *detail;
    std::uint64_t kept;
  } const cases[] = {
      {"1000-5000 rw-p 00000000 00:00 0          [heap]", "Anonymous:    4 kB", 0x4000},
      {"1000-5000 rw-p 00000000 00:00 0 ", "Swap:     8 kB", 0x4000},
      {"1000-5000 rw-p 00000000 00:00 0 ", "Anonymous:    0 kB", 0},
      {"1000-5000 r-xp 00001000 fe:00 7   /lib/a b.so", "Anonymous:    0 kB", 0},
      {"1000-5000 r--p 00000000 fe:00 7   /lib/a b.so", "Anonymous:    0 kB", 0x1000},
      {"1000-5000 rw-p 00001000 fe:00 7   /lib/a b.so", "Anonymous:    4 kB", 0x4000},
      {"1000-5000 rw-s 00000000 fe:00 7   /var/data", "Anonymous:    0 kB", 0},
      {"1000-5000 rw-s 00000000 fe:00 7   /memfd:x (deleted)", "Anonymous:    0 kB", 0x4000},
      {"1000-5000 r-xp 00000000 00:00 0   [vdso]", "Anonymous:    0 kB", 0x4000},
  };
  core_mapping mappings[16];
  char names[200];
  cgo_guard::detail::core_mapping_table table = {mappings, 16, names, sizeof names};
  cgo_guard::detail::core_mapping_parser parser(table);
  for (const auto &c : cases) {
    parser.take(c.header);
    parser.take(c.detail);
    parser.take("VmFlags: rd wr mr mw me ac sd ");
  }
  parser.take("1000-5000 rw-p 00001000 fe:00 7   /secret");
  parser.take("VmFlags: rd wr dd mr ");
  parser.take("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]");
  parser.finish();
  REQUIRE(table.count == std::size(cases));
  for (std::size_t i = 0; i < table.count; ++i) {
    INFO(cases[i].header);
    CHECK(mappings[i].kept == cases[i].kept);
  }
  CHECK(mappings[3].offset == 0x1000);
  CHECK(std::string(names) == "/lib/a b.so");
  CHECK(table.names_size == 3 * 12 + 10 + 19);
}
