// SPDX-License-Identifier: BSL-1.0
// What is printed of a crash that no guard takes.

// The names in it are those of cgo_guard_format_frames, which one file of every program has to have.
#undef CGO_GUARD_C_API_ELSEWHERE
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include <sys/resource.h>
#include <unistd.h>

#include "faults.hpp"
#include "support.hpp"

namespace {

bool contains(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

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
  for (const char *part :
       {"cgo_guard: SIGSEGV: null pointer write at 0x0, on thread ", "(worker), under no guard.\n", "  #0   0x",
        "(main program)+0x", "Registers:\n", "rip 0x", "C++ stack:\nfaults::write_null()\n"}) {
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
  const death d = die(crash_under_malloc_lock);
  CHECK(d.signal == SIGABRT);
  CHECK(contains(d.output, "cgo_guard: SIGABRT"));
  CHECK(contains(d.output, "Registers:\n"));
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
