// SPDX-License-Identifier: BSL-1.0
/// @file c_api.cpp
/// The C functions, once for all of these programs: they are most of what a program costs to compile.
#include <cgo_guard.h>
