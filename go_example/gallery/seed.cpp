// SPDX-License-Identifier: BSL-1.0
// The program that this project began with: an assertion in a function three frames deep, and a method called on a null
// object.
#undef NDEBUG
#include <cassert>
#include <cstdio>

#include "gallery.h"

namespace {

__attribute__((noinline)) void fn2(const char *argument) {
  std::printf("  C++: the argument of fn2 is %s\n", argument);
  std::fflush(stdout);
  assert(1 == hidden(2));
}

__attribute__((noinline)) void fn1(int number) {
  char text[32];
  std::snprintf(text, sizeof text, "deadbeef %d", number);
  fn2(text);
}

class object {
 public:
  __attribute__((noinline)) int size() const { return hidden(this)->size_; }

 private:
  const char *name_ = "";
  int size_ = 0;
};

}  // namespace

extern "C" cgo_guard_error *test_crash(const char *text) {
  return CGO_GUARD {
    std::printf("  C++: the string from Go is %s\n", text);
    fn1(1092);
  };
}

extern "C" cgo_guard_error *test_null_object(void) {
  return CGO_GUARD {
    const object *nothing = hidden<const object *>(nullptr);
    hidden(nothing->size());
  };
}
