// SPDX-License-Identifier: BSL-1.0
// How many cores there are, how often, how large, and what becomes of those that fail.

#include <csignal>
#include <fstream>

#include <cgo_guard/detail/crash/core_on_fault.hpp>

#include "cores.hpp"

using namespace cores_test;

namespace {

/// A core that is being written for as long as its writer lives: a real one might be complete before anybody looks.
std::string pretend_to_write() {
  static cgo_guard::detail::core_job job = {};
  std::snprintf(job.path, sizeof job.path, "%s/core.pretended", std::getenv(directory_variable));
  std::snprintf(job.unfinished, sizeof job.unfinished, "%s.unfinished", job.path);
  std::ofstream(job.unfinished) << "half";
  job.owner = getpid();
  const pid_t child = fork();
  if (child == 0) {
    alarm(15);  // if nobody ends it, the test is to fail and not to hang
    for (;;) pause();
  }
  job.child = child;
  cgo_guard::detail::cores.begun = 1;
  cgo_guard::detail::cores.last = &job;
  return job.path;
}

}  // namespace

DEATH_CASE(cores_up_to_a_number) {
  take_the_signals();
  take_cores(2);
  for (int i = 0; i < 4; ++i) {
    fault();
    wait_for_the_core();
  }
  take_cores(3);  // the number is of the process, not of the configuration
  for (int i = 0; i < 2; ++i) {
    fault();
    wait_for_the_core();
  }
  std::printf("%d taken, %d refused\n", static_cast<int>(stats().cores), static_cast<int>(stats().cores_refused));
}
TEST_CASE("There are no more cores than asked for") {
  const scratch directory;
  const death d = die(cores_up_to_a_number);
  INFO(d.output);
  CHECK(directory.list().size() == 3);
  CHECK(contains(d.output, "3 taken, 3 refused\n"));
}

DEATH_CASE(cores_not_too_often) {
  take_the_signals();
  take_cores(5, 3600 * 1000);
  fault();
  wait_for_the_core();
  fault();
  std::printf("%d taken, %d refused\n", static_cast<int>(stats().cores), static_cast<int>(stats().cores_refused));
}
TEST_CASE("Cores have a time between them") {
  const scratch directory;
  const death d = die(cores_not_too_often);
  INFO(d.output);
  CHECK(directory.list().size() == 1);
  CHECK(contains(d.output, "core: none\n"));
  CHECK(contains(d.output, "1 taken, 1 refused\n"));
}

DEATH_CASE(core_while_one_is_written) {
  take_the_signals();
  take_cores();
  pretend_to_write();
  for (int i = 0; i < 3; ++i) fault();
  std::printf("%d taken, %d refused\n", static_cast<int>(stats().cores), static_cast<int>(stats().cores_refused));
  kill(writer(), SIGKILL);
}
TEST_CASE("While a core is being written there is no other, and nobody waits for it") {
  const scratch directory;
  const death d = die(core_while_one_is_written);
  INFO(d.output);
  CHECK(d.output == "core: none\ncore: none\ncore: none\n1 taken, 3 refused\n");
}

DEATH_CASE(core_whose_writer_is_killed) {
  take_the_signals();
  take_cores();
  const std::string core = pretend_to_write();
  std::printf("unfinished: %d\n", exists(core + ".unfinished"));
  kill(writer(), SIGKILL);
  wait_for_the_core();
  std::printf("left: %d, %s\n", exists(core + ".unfinished"), stats().core_failure);
  fault();
  wait_for_the_core();
  std::printf("%d taken, %d failed\n", static_cast<int>(stats().cores), static_cast<int>(stats().cores_failed));
}
TEST_CASE("A writer that is killed leaves nothing behind, and the next core is taken") {
  const scratch directory;
  const death d = die(core_whose_writer_is_killed);
  INFO(d.output);
  CHECK(contains(d.output, "unfinished: 1\nleft: 0, "));
  CHECK(contains(d.output, "was ended by signal 9\n"));
  CHECK(contains(d.output, "1 taken, 1 failed\n"));
  CHECK(directory.list().size() == 1);
}

DEATH_CASE(core_without_its_directory) {
  take_the_signals();
  take_cores();
  rmdir(std::getenv(directory_variable));
  fault();
  std::printf("%d failed: %s\n", static_cast<int>(stats().cores_failed), stats().core_failure);
}
TEST_CASE("A directory that is gone is said, and the fault is an error as ever") {
  const scratch directory;
  const death d = die(core_without_its_directory);
  INFO(d.output);
  CHECK(d.exit_status == 0);
  CHECK(contains(d.output, "core: none\n"));
  CHECK(contains(d.output, "1 failed: " + directory.path() + "/core."));
  CHECK(contains(d.output, ": creating the file: No such file or directory\n"));
}

DEATH_CASE(core_that_is_too_large) {
  take_the_signals();
  take_cores(0, 1, 20000);
  fault();
  wait_for_the_core();
  std::printf("%d failed: %s\n", static_cast<int>(stats().cores_failed), stats().core_failure);
}
TEST_CASE("A core that is larger than it may be is removed") {
  const scratch directory;
  const death d = die(core_that_is_too_large);
  INFO(d.output);
  CHECK(directory.list().empty());
  CHECK(contains(d.output, "1 failed: "));
  CHECK(contains(d.output, "larger than the limit"));
}

TEST_CASE("Options of cores that can't be are refused") {
  const scratch directory;
  const std::string file = directory.path() + "/file", long_name = "/" + std::string(600, 'x');
  std::ofstream(file) << "no directory";
  struct {
    const char *dir;
    int most, every_ms;
    const char *refusal;
  } const cases[] = {
      {"cores", 0, 0, "not an absolute path"},
      {"/nonexistent/cores", 0, 0, "does not exist"},
      {file.c_str(), 0, 0, "no directory"},
      {long_name.c_str(), 0, 0, "longer than 511 bytes"},
      {"/tmp", -1, 0, "core_max"},
      {"/tmp", 0, -1, "core_every_ms"},
      {nullptr, 3, 0, "no core_dir"},
      {"", 0, 1000, "no core_dir"},
  };
  for (const auto &c : cases) {
    cgo_guard_options options = {};
    options.struct_size = sizeof options;
    options.core_dir = c.dir;
    options.core_max = c.most;
    options.core_every_ms = c.every_ms;
    const char *const refusal = cgo_guard_configure(&options);
    REQUIRE(refusal != nullptr);
    CHECK(contains(refusal, c.refusal));
    CHECK(cgo_guard::detail::process.take_core.load() == nullptr);
  }
}
