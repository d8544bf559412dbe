// SPDX-License-Identifier: BSL-1.0
#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "faults.hpp"
#include "support.hpp"

namespace {

cgo_guard_stats stats() {
  cgo_guard_stats s = {};
  s.struct_size = sizeof s;
  cgo_guard_get_stats(&s);
  return s;
}

bool contains(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }

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
  std::printf("stack '%s'\n", cgo_guard_stack(fault));
  cgo_guard_free(fault);
  for (cgo_guard_error *error : live) cgo_guard_free(error);
  cgo_guard_error *const again = CGO_GUARD { throw std::runtime_error("detail"); };
  std::printf("again: %s, double frees %d", again->message, static_cast<int>(stats().double_frees));
}
TEST_CASE("When more errors are live than the pool holds, further ones are poorer, but never lost") {
  const death d = die(exhaustion);
  INFO(d.output);
  CHECK(contains(d.output, "16384 with details; then SIGSEGV 11: no details"));
  CHECK(contains(d.output, "again: detail, double frees 0"));
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
