// SPDX-License-Identifier: BSL-1.0
/// @file support.hpp
/// What the unit tests share: errors that free themselves, tests that own the signals, and subprocesses for what kills.
#ifndef CGO_GUARD_TESTS_UNIT_SUPPORT_HPP
#define CGO_GUARD_TESTS_UNIT_SUPPORT_HPP

#include <memory>
#include <string>

#include <cgo_guard.h>

#include "catch.hpp"

struct error_deleter {
  void operator()(cgo_guard_error *error) const { cgo_guard_free(error); }
};
/// Owns an error; empty for success.
using caught = std::unique_ptr<cgo_guard_error, error_deleter>;

inline std::string message_of(const caught &error) { return std::string(error->message, error->message_length); }

inline bool contains(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

/// A test case during which the seven signals are ours. Catch2 3 is a library that takes them back for every case.
#define GUARDED_TEST_CASE(...) GUARDED_TEST_NAMED(GUARDED_TEST_JOIN(guarded_test_, __LINE__), __VA_ARGS__)
#define GUARDED_TEST_JOIN(a, b) GUARDED_TEST_JOIN_AGAIN(a, b)
#define GUARDED_TEST_JOIN_AGAIN(a, b) a##b
#define GUARDED_TEST_NAMED(function, ...) \
  static void function();                 \
  TEST_CASE(__VA_ARGS__) {                \
    take_the_signals();                   \
    function();                           \
  }                                       \
  static void function()

void take_the_signals();

/// How a subprocess ended, and all it printed.
struct death {
  int exit_status = -1;  ///< -1 if a signal ended it
  int signal = 0;
  std::string output;  ///< stdout and stderr
};

/// Runs the body below in a process of its own: `DEATH_CASE(name) { … }` at namespace scope, `die(name)` in a test. The
/// process is this program again and not a fork, which never recovers into its parent's guards. It is ended after 20 s.
#define DEATH_CASE(name)                                                                 \
  static void death_case_##name();                                                       \
  static const bool death_registered_##name = register_death(#name, &death_case_##name); \
  static void death_case_##name()
#define die(name) run_death((static_cast<void>(death_registered_##name), #name))

/// Names the command that runs programs of another processor (qemu-aarch64), where it is such a one that runs the
/// tests.
constexpr const char *emulator_variable = "CGO_GUARD_TEST_EMULATOR";
/// Whether it does. A case that needs what an emulator leaves out says so and is skipped.
bool under_emulation();

bool register_death(const char *name, void (*body)());
death run_death(const char *name);
/// For main: runs the death case this process was started for. @return false if it was started for the tests.
bool run_requested_death(int &exit_status);

#endif  // CGO_GUARD_TESTS_UNIT_SUPPORT_HPP
