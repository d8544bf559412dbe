// SPDX-License-Identifier: BSL-1.0
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include <dlfcn.h>

#include "c_library.hpp"
#include "faults.hpp"
#include "support.hpp"

namespace {

void *load_plugin(const char *wish) {
  setenv("CGO_GUARD_TEST_CONSTRUCTOR", wish, 1);
  return dlopen(CGO_GUARD_TRANSLATING_PLUGIN, RTLD_NOW);
}

/// What the error of a failure in a constructor says, and what another thread's stack looks like afterwards: that
/// thread would wait for ever if anything were to ask the loader. Subprocesses are ended after 20 s.
void report_failure_under_lock(const char *wish) {
  const caught error(CGO_GUARD { load_plugin(wish); });
  if (error == nullptr) return;
  std::printf("cleanup %d skipped %d\n%s", error->cleanup, static_cast<int>(error->skipped),
              cgo_guard_describe(error.get()));
  std::thread([] {
    const caught later(CGO_GUARD { faults::assert_three_deep(1); });
    std::printf("later: cleanup %d\n%s", later->cleanup, cgo_guard_describe(later.get()));
    char raw[8192];
    cgo_guard_format_frames_raw(later->frames, later->frame_count, later->frames_head, 0, raw, sizeof raw);
    std::printf("raw: %s\n", raw);
  }).join();
  std::puts("done");
}

}  // namespace

DEATH_CASE(fault_in_constructor) { report_failure_under_lock("fault"); }
DEATH_CASE(throw_in_constructor) { report_failure_under_lock("throw"); }

TEST_CASE("A fault that leaves dlopen says that the loader's lock stays held, and stacks keep their names") {
  if (c_library::is_static()) SKIP_CASE(c_library::why_not_static);
  const death end = die(fault_in_constructor);
  CAPTURE(end.output);
  CHECK(end.exit_status == 0);
  CHECK(contains(end.output, "cleanup 1 skipped "));
  CHECK(contains(end.output,
                 "null pointer write at 0x0 (inside dlopen or dlclose: the dynamic loader's lock stays held"));
  CHECK(contains(end.output, "later: cleanup 0"));
  CHECK(contains(end.output, "assert_three_deep"));
  CHECK(contains(end.output, "done"));
}

TEST_CASE("A throw that leaves dlopen says so as well") {
  if (c_library::is_static()) SKIP_CASE(c_library::why_not_static);
  const death end = die(throw_in_constructor);
  CAPTURE(end.output);
  CHECK(end.exit_status == 0);
  CHECK(contains(end.output, "cleanup 1 skipped "));
  CHECK(contains(end.output, "std::runtime_error: from a constructor\n"));
  CHECK(contains(end.output, "the dynamic loader's lock stays held"));
  CHECK(contains(end.output, "assert_three_deep"));
  CHECK(contains(end.output, "done"));
}

DEATH_CASE(throw_in_thread_of_constructor) {
  load_plugin("thread");
  std::puts("done");
}
TEST_CASE("A first throw and a first guard while another thread is in dlopen wait for nobody") {
  const death end = die(throw_in_thread_of_constructor);
  CAPTURE(end.output);
  CHECK(end.exit_status == 0);
  CHECK(contains(end.output, "done"));
}
