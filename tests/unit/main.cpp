// SPDX-License-Identifier: BSL-1.0
/// @file main.cpp
/// The program that holds all unit tests, and that is its own subprocess for those that kill (support.hpp).
#include "support.hpp"

int main(int argc, char **argv) {
  int exit_status = 0;
  if (run_requested_death(exit_status)) return exit_status;
  return run_catch(argc, argv);
}
