// SPDX-License-Identifier: BSL-1.0
/// @file catch.hpp
/// Catch2 under one name: version 3 split its header into many, version 2 (Debian 12) has the one.
#ifndef CGO_GUARD_TESTS_UNIT_CATCH_HPP
#define CGO_GUARD_TESTS_UNIT_CATCH_HPP

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

/// Ends a test case that can't run here, and says why. Catch2 2 knows of no such thing: there it is a warning that
/// tools/count_tests.py counts as what it is.
#if defined(SKIP)
#define SKIP_CASE(reason) SKIP(reason)
#else
#define SKIP_CASE(reason)        \
  do {                           \
    WARN("skipped: " << reason); \
    SUCCEED();                   \
    return;                      \
  } while (false)
#endif

/// Runs the tests of this program (catch_runner.cpp). @return the exit status
int run_catch(int argc, char **argv);

#endif  // CGO_GUARD_TESTS_UNIT_CATCH_HPP
