// SPDX-License-Identifier: BSL-1.0
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <cgo_guard/detail/exception/describe.hpp>

#include "faults.hpp"
#include "support.hpp"

namespace {

cgo_guard_stats stats() {
  cgo_guard_stats s = {};
  s.struct_size = sizeof s;
  cgo_guard_get_stats(&s);
  return s;
}

}  // namespace

GUARDED_TEST_CASE("An error is taken from the pool and given back") {
  const std::uint64_t before = stats().live_errors;
  {
    caught error(CGO_GUARD { throw 1; });
    CHECK(stats().live_errors == before + 1);
  }
  CHECK(stats().live_errors == before);
}

GUARDED_TEST_CASE("The counters count what happened") {
  const cgo_guard_stats before = stats();
  caught thrown(CGO_GUARD { throw 1; });
  caught faulted(CGO_GUARD { faults::write_null(); });
  caught terminated(CGO_GUARD { std::terminate(); });
  const cgo_guard_stats after = stats();
  CHECK(after.exceptions == before.exceptions + 1);
  CHECK(after.signals == before.signals + 1);
  CHECK(after.terminates == before.terminates + 1);
  CHECK(after.installed == 7);
  CHECK(std::string(after.poisoned_by).empty());
}

TEST_CASE("It is said that signals are guarded") {
  CHECK(CGO_GUARD_GUARDS_SIGNALS == 1);
  CHECK(cgo_guard_guards_signals() == 1);
  CHECK(stats().guards_signals == 1);
}

DEATH_CASE(exhaustion) {
  std::vector<cgo_guard_error *> live;
  int with_details = 0;
  for (int i = 0; i < 17000; ++i) {
    cgo_guard_error *const error = CGO_GUARD { throw std::runtime_error("detail"); };
    if (error == nullptr) {
      std::printf("a failure was lost");
      return;
    }
    if (std::string(error->message) == "detail") ++with_details;
    live.push_back(error);
  }
  cgo_guard_error *const fault = CGO_GUARD { faults::write_null(); };
  std::printf("%d with details; then %s %d: %s\n", with_details, fault->name, fault->number, fault->message);
  std::printf("stack '%s' cleanup %d\n%s", cgo_guard_stack(fault), fault->cleanup, cgo_guard_describe(fault));
  cgo_guard_live_site sites[2];
  const int count = static_cast<int>(cgo_guard_live_sites(sites, 2));
  std::printf("%d site, %s:%d holds %d\n", count, sites[0].function, sites[0].line, static_cast<int>(sites[0].errors));
  cgo_guard_free(fault);
  for (cgo_guard_error *error : live) cgo_guard_free(error);
  cgo_guard_error *const again = CGO_GUARD { throw std::runtime_error("detail"); };
  std::printf("again: %s, double frees %d", again->message, static_cast<int>(stats().double_frees));
}
TEST_CASE("An error without details does not claim that no destructor has run, and says how to find the leak") {
  const death d = die(exhaustion);
  INFO(d.output);
  CHECK(contains(d.output, "stack '' cleanup 3\nfatal signal SIGSEGV: no details: 16384 errors are live"));
  CHECK(contains(d.output, "cleanup: unknown: what has run was not recorded"));
  CHECK(contains(d.output, "cgo_guard_live_sites say which guards they are from"));
  CHECK(contains(d.output, "1 site, death_case_exhaustion:"));
  CHECK(contains(d.output, " holds 16384\n"));
}

TEST_CASE("When more errors are live than the pool holds, further ones are poorer, but never lost") {
  const death d = die(exhaustion);
  INFO(d.output);
  CHECK(contains(d.output, "16384 with details; then SIGSEGV 11: no details"));
  CHECK(contains(d.output, "again: detail, double frees 0"));
}

namespace {

cgo_guard_error *first_leak() {
  return CGO_GUARD { throw std::runtime_error("first"); };
}
cgo_guard_error *second_leak() {
  return CGO_GUARD { faults::write_null(); };
}

std::uint64_t errors_of(const char *function) {
  cgo_guard_live_site sites[64];
  const std::uint64_t count = cgo_guard_live_sites(sites, 64);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (std::string(sites[i].function) == function) return sites[i].errors;
  }
  return 0;
}

}  // namespace

GUARDED_TEST_CASE("It is known which guard the errors are from that nobody has released, causes and all") {
  caught a(first_leak()), b(second_leak()), c(second_leak());
  caught nested(CGO_GUARD { cgo_guard::check(first_leak()); });
  cgo_guard_live_site sites[64];
  REQUIRE(cgo_guard_live_sites(sites, 64) >= 3);
  CHECK(sites[0].errors >= sites[1].errors);
  CHECK(contains(sites[0].file, "pool_test.cpp"));
  CHECK(errors_of("first_leak") == 2);
  CHECK(errors_of("second_leak") == 2);
  CHECK(cgo_guard_live_sites(sites, 1) == 1);
  CHECK(cgo_guard_live_sites(nullptr, 0) == 0);
  a.reset();
  b.reset();
  c.reset();
  nested.reset();
  CHECK(errors_of("first_leak") == 0);
  CHECK(errors_of("second_leak") == 0);
}

GUARDED_TEST_CASE("A callback's report that C++ forgets is known too") {
  cgo_guard_error *const report = cgo_guard_make_go_error(1, 0, "T", 1, "m", 1);
  CHECK(errors_of("cgoguard.Callback") == 1);
  report->go_value = 0;  // there is no Go here to take it
  cgo_guard_free(report);
  CHECK(errors_of("cgoguard.Callback") == 0);
}

DEATH_CASE(double_free_of_an_error) {
  cgo_guard_error *const error = CGO_GUARD { throw 1; };
  cgo_guard_free(error);
  cgo_guard_free(error);
  cgo_guard_free(error);
  std::printf("stack '%s', ", cgo_guard_stack(error));
  std::printf("double frees %d", static_cast<int>(stats().double_frees));
}
TEST_CASE("A double free of an error is recognised, reported once, and does no harm") {
  const death d = die(double_free_of_an_error);
  CHECK(d.exit_status == 0);
  CHECK(contains(d.output, "this error was already freed"));
  CHECK(contains(d.output, "not a live cgo_guard_error"));
  CHECK(contains(d.output, "stack '', double frees 2"));
}

DEATH_CASE(not_an_error) {
  std::uint64_t something_else[64] = {};
  cgo_guard_free(reinterpret_cast<cgo_guard_error *>(something_else));
  std::printf("'%s'", cgo_guard_describe(reinterpret_cast<cgo_guard_error *>(something_else)));
}
TEST_CASE("A pointer to something else is recognised") {
  const death d = die(not_an_error);
  CHECK(d.exit_status == 0);
  CHECK(contains(d.output, "this is not a cgo_guard_error"));
}

TEST_CASE("NULL is a fine error to free, describe and ask for its stack") {
  cgo_guard_free(nullptr);
  CHECK(std::string(cgo_guard_stack(nullptr)).empty());
  CHECK(std::string(cgo_guard_describe(nullptr)).empty());
}

GUARDED_TEST_CASE("Errors are made and released on eight threads at once, and none is given out twice") {
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([t, &wrong] {
      std::vector<caught> held;
      for (int i = 0; i < 3000; ++i) {
        const std::string token = std::to_string(t) + "/" + std::to_string(i);
        held.emplace_back(CGO_GUARD { throw std::runtime_error(token); });
        if (held.size() == 50) {
          for (std::size_t k = 0; k < held.size(); ++k) {
            const std::string expected = std::to_string(t) + "/" + std::to_string(i - 49 + static_cast<int>(k));
            if (message_of(held[k]) != expected) ++wrong;
          }
          held.clear();
        }
      }
    });
  }
  for (std::thread &t : threads) t.join();
  CHECK(wrong == 0);
}

GUARDED_TEST_CASE("The description tells the whole story") {
  caught error(CGO_GUARD {
    try {
      throw std::out_of_range("row 7");
    } catch (...) {
      std::throw_with_nested(std::runtime_error("loading the table"));
    }
  });
  REQUIRE(error);
  const std::string text = cgo_guard_describe(error.get());
  INFO(text);
  CHECK(contains(text, "loading the table"));
  CHECK(contains(text, "cause:   std::out_of_range: row 7"));
  CHECK(contains(text, "cleanup: complete"));
  CHECK(contains(text, "pool_test.cpp:"));
  CHECK(contains(text, "C++ stack:"));
}

DEATH_CASE(outermost_without_symbols) {
  setenv("CGO_GUARD_SYMBOLIZER", "none", 1);
  const caught error(CGO_GUARD { throw 1; });
  std::printf("stack:\n%s", cgo_guard_stack(error.get()));
}
TEST_CASE("Without symbols the outermost frame has the name of the function that holds the guarded block") {
  const death d = die(outermost_without_symbols);
  INFO(d.output);
  const std::size_t at = d.output.find("\ndeath_case_outermost_without_symbols\n\t");
  REQUIRE(at != std::string::npos);
  CHECK(d.output.find("+0x", at) != std::string::npos);      // and where it is, for addr2line
  CHECK(d.output.find('\n', at + 1) + 1 < d.output.size());  // of two lines,
  CHECK(d.output.find("\n0x", at) == std::string::npos);     // and nothing behind them
}

GUARDED_TEST_CASE("An error without frames says why it has no stack, where somebody would look for one") {
  const caught error(CGO_GUARD { faults::write_null(); });
  REQUIRE(error);
  CHECK(std::string(cgo_guard_why_no_stack(error.get())).empty());
  cgo_guard_error without = *error;
  without.frame_count = 0;
  const std::string reason = cgo_guard_why_no_stack(&without);
  CHECK(reason.find("could not be walked") != std::string::npos);
  CHECK(cgo_guard::detail::describe(without, "", "", reason.c_str()).find("\nno C++ stack: it could not be walked") !=
        std::string::npos);
  cgo_guard_error refused = without;
  refused.code = CGO_GUARD_QUARANTINED;
  CHECK(std::string(cgo_guard_why_no_stack(&refused)).empty());
  CHECK(std::string(cgo_guard_why_no_stack(nullptr)).empty());
}
