// SPDX-License-Identifier: BSL-1.0
/// @file main.cpp
/// The program that holds all unit tests, and that is its own subprocess for those that kill (support.hpp).
///
/// Why not CATCH_CONFIG_MAIN? Version 3 knows it no more, and has a library with a main() instead. A main() of our own
/// is right for both versions, whether that library is linked or not.

#define CATCH_CONFIG_RUNNER
// The signals that Catch2 2 would handle are those that the code under test handles.
#define CATCH_CONFIG_NO_POSIX_SIGNALS
#include "support.hpp"

int main(int argc, char **argv) {
  int exit_status = 0;
  if (run_requested_death(exit_status)) return exit_status;
  return Catch::Session().run(argc, argv);
}
