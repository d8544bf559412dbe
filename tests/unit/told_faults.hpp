// SPDX-License-Identifier: BSL-1.0
/// @file told_faults.hpp
/// What is said of a fault, for the tests of what single instructions do.
#ifndef CGO_GUARD_TESTS_UNIT_TOLD_FAULTS_HPP
#define CGO_GUARD_TESTS_UNIT_TOLD_FAULTS_HPP

#include <string>

#include "support.hpp"

template <class F>
caught fault(F &&f) {
  return caught(CGO_GUARD { f(); });
}

inline void check(const caught &error, int signal, const std::string &message, int access) {
  REQUIRE(error);
  INFO(message_of(error));
  CHECK(error->number == signal);
  CHECK(contains(message_of(error), message));
  CHECK(error->access == access);
}

#endif  // CGO_GUARD_TESTS_UNIT_TOLD_FAULTS_HPP
