// SPDX-License-Identifier: BSL-1.0
// A program and a library that it is linked with, each with a copy of the header, from this one file. Without
// optimization their inline functions are one, and what each does in front of libc has to lead on to libc all the same.
#include HEADER

#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include <err.h>
#include <unistd.h>

namespace {

int *volatile nowhere;
volatile bool always = true;

__attribute__((noinline)) void throw_it() {
  if (always) throw std::runtime_error("thrown");
}
__attribute__((noinline)) void fault() {
  *nowhere = 1;
  throw_it();
}

void swallow() {
  try {
    fault();
  } catch (...) {
    std::puts("caught");
  }
}

void say(cgo_guard_error *error) {
  std::printf("%s\n", error == nullptr ? "no error" : error->message);
  cgo_guard_free(error);
}

}  // namespace

#ifdef LIBRARY
#define RUN run_in_library
#else
#define RUN run_in_program
#endif

extern "C" void run_in_library(const char *what);

extern "C" void RUN(const char *what) {
  const auto is = [&](const char *name) { return std::strcmp(what, name) == 0; };
  if (is("throw")) {
    try {
      throw_it();
    } catch (const std::exception &e) {
      std::puts(e.what());
    }
  }
  if (is("guarded throw")) say(CGO_GUARD { throw_it(); });
  if (is("guarded fault")) say(CGO_GUARD { fault(); });
  if (is("guarded catch")) say(CGO_GUARD { swallow(); });
  if (is("guarded assert")) say(CGO_GUARD { assert(!always); });
  if (is("assert")) assert(!always);
  if (is("exit")) std::exit(3);
  if (is("quick_exit")) std::quick_exit(3);
  if (is("errx")) errx(3, "the %s", "reason");
}

#ifndef LIBRARY
int main(int, char **arguments) {
  std::setvbuf(stdout, nullptr, _IONBF, 0);
  (std::strcmp(arguments[1], "library") == 0 ? run_in_library : run_in_program)(arguments[2]);
  return 0;
}
#endif
