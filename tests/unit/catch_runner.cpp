// SPDX-License-Identifier: BSL-1.0
/// @file catch_runner.cpp
/// Catch2's own code, in a library for all programs of tests and never optimised (meson.build): it takes longer to
/// compile than any test.
///
/// Why not CATCH_CONFIG_MAIN? Version 3 knows it no more, and has a library with a main() instead. A main() of our own
/// is right for both versions, whether that library is linked or not.

#define CATCH_CONFIG_RUNNER
// The signals that Catch2 2 would handle are those that the code under test handles.
#define CATCH_CONFIG_NO_POSIX_SIGNALS
#include "catch.hpp"

int run_catch(int argc, char **argv) { return Catch::Session().run(argc, argv); }
