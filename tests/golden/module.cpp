// SPDX-License-Identifier: BSL-1.0
/// @file module.cpp
/// A library without a guard that is loaded and unloaded at run time. Two of them are the same but for the names of the
/// function and its file's line, so that one finds room where the other was.
#include <stdexcept>

#ifdef OTHER
#define FAIL other_fail
#else
#define FAIL module_fail
#endif

static void __attribute__((noinline)) throw_from_here() {
  throw std::runtime_error("out of a module");  // line: throw_from_here
}

extern "C" void FAIL() {
  throw_from_here();  // line: module_fail
  asm volatile("" ::: "memory");
}
