// SPDX-License-Identifier: BSL-1.0
/// @file portable_main.cpp
/// The program of the portable guard's tests. Not main.cpp: that one belongs to the guard of signals, and a program has
/// one of the two. The header is here so that two translation units have it.
#include <cgo_guard.h>

#include "catch.hpp"

int main(int argc, char **argv) { return run_catch(argc, argv); }
