// SPDX-License-Identifier: BSL-1.0
// What is printed of a crash that no guard takes.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cgo_guard/detail/signal/handlers.hpp>
#include <cgo_guard/detail/stack/symbolize.hpp>

#include "c_library.hpp"
#include "faults.hpp"
#include "support.hpp"

namespace {

void no_core() {
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

void configure(int fd, const char *file) {
  cgo_guard_options options = {};
  options.struct_size = sizeof options;
  options.crash_fd = fd;
  options.crash_file = file;
  if (const char *refusal = cgo_guard_configure(&options)) std::printf("refused: %s\n", refusal);
}

template <class Body>
void on_a_thread(Body body) {
  std::thread([body] {
    pthread_setname_np(pthread_self(), "worker");
    cgo_guard::prepare_this_thread();
    body();
  }).join();
}

/// Of the report, which what libc prints may come before.
std::string first_line(const death &d) {
  const std::size_t begin = d.output.find("cgo_guard: ");
  return begin == std::string::npos ? "" : d.output.substr(begin, d.output.find('\n', begin) - begin);
}

std::string scratch_file() {
  return "/tmp/cgo_guard_crash_" + std::to_string(getuid()) + "_" + std::to_string(getppid());
}

}  // namespace

DEATH_CASE(crash_with_names) {
  no_core();
  take_the_signals();
  on_a_thread([] { faults::write_null(); });
}
TEST_CASE("The report of a crash has what, where, the thread, raw call sites, registers and then names") {
  const death d = die(crash_with_names);
  CHECK(d.signal == SIGSEGV);
  std::size_t last = 0;
  namespace arch = cgo_guard::detail::arch;
  for (const char *part : {"cgo_guard: SIGSEGV: null pointer write at 0x0, on thread ", "(worker), under no guard.\n",
                           "  #0   0x", "(main program)+0x", "Registers:\n", arch::register_name[arch::pc_register],
                           " 0x", "C++ stack:\nfaults::write_null()\n"}) {
    INFO(part);
    const std::size_t at = d.output.find(part, last);
    REQUIRE(at != std::string::npos);
    last = at;
  }
}

DEATH_CASE(crash_by_overflow) {
  no_core();
  take_the_signals();
  on_a_thread([] { faults::overflow_stack(0); });
}
TEST_CASE("Trap 35: the report of a stack overflow is short, and says how deep it was") {
  const death d = die(crash_by_overflow);
  CHECK(d.signal == SIGSEGV);
  CHECK(contains(d.output, "stack overflow, "));
  CHECK(contains(d.output, " frames left out ..."));
  CHECK(contains(d.output, " more of faults::overflow_stack, "));
  CHECK(d.output.size() < 40000);
}

DEATH_CASE(crash_on_smashed_stack) {
  no_core();
  take_the_signals();
  on_a_thread([] { faults::smash_return_address_and_fault(); });
}
TEST_CASE("Trap 35: a smashed stack is reported as far as it goes") {
  const death d = die(crash_on_smashed_stack);
  CHECK(d.signal == SIGSEGV);
  CHECK(contains(d.output, "under no guard.\n"));
  CHECK(contains(d.output, "Registers:\n"));
}

DEATH_CASE(crash_into_file) {
  no_core();
  take_the_signals();
  const std::string file = scratch_file();
  configure(0, file.c_str());
  on_a_thread([] { faults::write_null(); });
}
TEST_CASE("A file takes the report in the place of stderr, and is appended to") {
  const std::string file = "/tmp/cgo_guard_crash_" + std::to_string(getuid()) + "_" + std::to_string(getpid());
  std::ofstream(file) << "what was there before\n";
  const death d = die(crash_into_file);
  CHECK(d.output.empty());
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  std::remove(file.c_str());
  CHECK(contains(text.str(), "what was there before\ncgo_guard: SIGSEGV"));
  CHECK(contains(text.str(), "C++ stack:\nfaults::write_null()\n"));
}

DEATH_CASE(crash_in_silence) {
  no_core();
  take_the_signals();
  configure(-1, nullptr);
  on_a_thread([] { faults::write_null(); });
}
TEST_CASE("A program that wants no report gets none") {
  const death d = die(crash_in_silence);
  CHECK(d.signal == SIGSEGV);
  CHECK(d.output.empty());
}

DEATH_CASE(crash_under_malloc_lock) {
  no_core();
  take_the_signals();
  alarm(20);
  on_a_thread([] { faults::double_free(); });
}
TEST_CASE("A crash inside the allocator is reported all the same") {
  if (!c_library::malloc_notices) SKIP_CASE(c_library::why_malloc_does_not_notice);
  const death d = die(crash_under_malloc_lock);
  CHECK(d.signal == SIGABRT);
  const std::string first = first_line(d);
  INFO(first);
  CHECK(contains(first, "cgo_guard: SIGABRT: "));
  CHECK(contains(first, "double free"));
  CHECK(contains(first, ", under no guard."));
  CHECK(contains(d.output, "Registers:\n"));
}

DEATH_CASE(crash_by_bad_call) {
  no_core();
  take_the_signals();
  on_a_thread([] { faults::call_null(); });
}
TEST_CASE("A call through a null pointer under no guard is reported with its caller") {
  const death d = die(crash_by_bad_call);
  INFO(d.output);
  CHECK(d.signal == SIGSEGV);
  CHECK(contains(first_line(d), "call through a null function pointer"));
  CHECK(contains(d.output, "  #0   0x000000000000\n"));
  CHECK(contains(d.output, "faults::call_null()\n"));
}

DEATH_CASE(crash_by_assertion) {
  no_core();
  take_the_signals();
  on_a_thread([] { faults::assert_three_deep(3); });
}
TEST_CASE("An assertion under no guard is in the first line of the report") {
  if (!c_library::keeps_last_words) SKIP_CASE(c_library::why_no_last_words);
  const death d = die(crash_by_assertion);
  CHECK(d.signal == SIGABRT);
  const std::string first = first_line(d);
  INFO(first);
  CHECK(contains(first, "cgo_guard: SIGABRT: "));
  CHECK(contains(first, "faults.cpp:"));
  CHECK(contains(first, "Assertion `value == 42 && \"the answer\"' failed., on thread "));
}

DEATH_CASE(crash_by_abort_after_another) {
  no_core();
  take_the_signals();
  on_a_thread([] {
    const caught error(CGO_GUARD { faults::double_free(); });
    std::printf("recovered %d\n", error != nullptr);
    std::fflush(stdout);
    std::abort();
  });
}
TEST_CASE("An abort of the program's own is not reported with the words of an earlier one of glibc's") {
  if (!c_library::malloc_notices) SKIP_CASE(c_library::why_malloc_does_not_notice);
  const death d = die(crash_by_abort_after_another);
  CHECK(d.signal == SIGABRT);
  CHECK(contains(d.output, "recovered 1\n"));
  CHECK(contains(first_line(d), "cgo_guard: SIGABRT: abort() was called, on thread "));
}

static int pipe_of_the_process[2];

DEATH_CASE(crash_and_pipes) {
  no_core();
  setenv("CGO_GUARD_SYMBOLIZER", "elf", 1);  // so that the one below is asked
  take_the_signals();
  if (pipe(pipe_of_the_process) != 0) return;
  cgo_guard::detail::fallback_resolver.store([](const void *, std::string &, std::string &, int &) {
    // In the child that makes the names, to which the report's descriptor is left.
    rlimit core = {};
    getrlimit(RLIMIT_CORE, &core);
    sigset_t blocked;
    sigemptyset(&blocked);
    pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    dprintf(
        2, "pipes %s, terminated %s, read fault %s, core %d.\n",
        fcntl(pipe_of_the_process[0], F_GETFD) < 0 && fcntl(pipe_of_the_process[1], F_GETFD) < 0 ? "closed" : "open",
        sigismember(&blocked, SIGTERM) != 0 ? "never" : "easily",
        sigismember(&blocked, SIGSEGV) != 0 ? "ends it" : "is handled", core.rlim_cur != 0);
    return false;
  });
  const rlimit some = {1, 1};
  setrlimit(RLIMIT_CORE, &some);
  on_a_thread([] { faults::write_null(); });
}
TEST_CASE("The child that makes the names keeps no pipe open, and is in nobody's way") {
  const death d = die(crash_and_pipes);
  INFO(d.output);
  CHECK(contains(d.output, "pipes closed, terminated never, read fault is handled, core 0.\n"));
  CHECK(contains(d.output, "C++ stack:\n"));
}

DEATH_CASE(crash_of_the_namer) {
  no_core();
  setenv("CGO_GUARD_SYMBOLIZER", "elf", 1);
  take_the_signals();
  cgo_guard::detail::fallback_resolver.store([](const void *, std::string &, std::string &, int &) {
    faults::write_null();
    return false;
  });
  on_a_thread([] { faults::write_null(); });
}
TEST_CASE("A crash of the child that makes the names is not reported, and makes no child") {
  const death d = die(crash_of_the_namer);
  INFO(d.output);
  CHECK(d.signal == SIGSEGV);
  const std::size_t report = d.output.find("cgo_guard: SIGSEGV");
  CHECK(report != std::string::npos);
  CHECK(d.output.find("cgo_guard: SIGSEGV", report + 1) == std::string::npos);
}

DEATH_CASE(crash_after_a_stack) {
  no_core();
  take_the_signals();
  {
    // Opens the files that the names are in.
    const caught error(CGO_GUARD { faults::write_null(); });
    std::printf("before: %s\n", cgo_guard_stack(error.get()));
    std::fflush(stdout);
  }
  on_a_thread([] { faults::assert_three_deep(3); });
}
TEST_CASE("A process that has made names before has them for its crash as well") {
  if (c_library::is_static()) SKIP_CASE(c_library::why_not_static);
  const death d = die(crash_after_a_stack);
  INFO(d.output);
  CHECK(contains(d.output, "before: faults::write_null()\n"));
  const std::size_t report = d.output.find("C++ stack:\n");
  REQUIRE(report != std::string::npos);
  CHECK(contains(d.output.substr(report), "faults::assert_three_deep(int)\n"));
  CHECK(contains(d.output.substr(report), "faults.cpp:"));
}

DEATH_CASE(terminate_on_bare_thread) {
  no_core();
  take_the_signals();
  on_a_thread([] { throw std::runtime_error("out of apples"); });
}
TEST_CASE("Trap 52: an uncaught exception on a bare thread is printed with its type and text, and its stack") {
  const death d = die(terminate_on_bare_thread);
  CHECK(d.signal == SIGABRT);
  CHECK(contains(d.output, "std::runtime_error"));
  CHECK(contains(d.output, "out of apples"));
  CHECK(contains(d.output, "cgo_guard: SIGABRT"));
}

TEST_CASE("Options of the report that can't be are refused") {
  cgo_guard_options options = {};
  options.struct_size = sizeof options;
  options.crash_fd = -2;
  const char *refusal = cgo_guard_configure(&options);
  REQUIRE(refusal != nullptr);
  CHECK(contains(refusal, "crash_fd"));
  options.crash_fd = 0;
  const std::string long_name(600, 'x');
  options.crash_file = long_name.c_str();
  refusal = cgo_guard_configure(&options);
  REQUIRE(refusal != nullptr);
  CHECK(contains(refusal, "crash_file"));
}

DEATH_CASE(many_crashes) {
  configure(0, nullptr);
  // Somebody who lives on after each of them, and whom we don't know for that.
  struct sigaction action = {};
  action.sa_sigaction = [](int signal, siginfo_t *info, void *context) {
    static int crashes = 0;
    cgo_guard::detail::report_crash(signal, *info, *static_cast<ucontext_t *>(context));
    if (++crashes == 15) _exit(0);
  };
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSEGV, &action, nullptr);
  faults::write_null();
}
TEST_CASE("After ten reports of crashes a line says that there are no more") {
  const death d = die(many_crashes);
  CHECK(d.exit_status == 0);
  int reports = 0, last_words = 0;
  for (std::size_t at = 0; (at = d.output.find("under no guard", at)) != std::string::npos; ++at) ++reports;
  for (std::size_t at = 0; (at = d.output.find("Nothing will be said of others", at)) != std::string::npos; ++at)
    ++last_words;
  CHECK(reports == 10);
  CHECK(last_words == 1);
}
