// SPDX-License-Identifier: BSL-1.0
/// @file always_throws.cpp
/// Blocks that never come to their value. Where the implementation stands in the same file, an optimizer sees that, and
/// must not take it for a value that is used without having been set.
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include <cgo_guard.h>

struct two_members {
  double first;
  int second;
};

[[noreturn]] void fails();

template <class T>
T always_throws(cgo_guard_error **error) {
  return CGO_GUARD_VALUE(error)->T { throw std::runtime_error("as ever"); };
}
template int always_throws(cgo_guard_error **);
template bool always_throws(cgo_guard_error **);
template double always_throws(cgo_guard_error **);
template void *always_throws(cgo_guard_error **);
template two_members always_throws(cgo_guard_error **);
template std::string always_throws(cgo_guard_error **);
template std::unique_ptr<int> always_throws(cgo_guard_error **);
template std::optional<std::string> always_throws(cgo_guard_error **);

int never_returns(cgo_guard_error **error) {
  return CGO_GUARD_VALUE(error)->int { fails(); };
}
int goes_on_for_ever(cgo_guard_error **error) {
  return CGO_GUARD_VALUE(error)->int {
    for (;;) fails();
  };
}
int ends_the_process(cgo_guard_error **error) {
  return CGO_GUARD_VALUE(error)->int { std::abort(); };
}
int throws_sometimes(int number, cgo_guard_error **error) {
  return CGO_GUARD_VALUE(error) {
    if (number > 3) throw number;
    return number;
  };
}
int throws_under_two_guards(cgo_guard_error **error) {
  return CGO_GUARD_VALUE(error) {
    cgo_guard_error *inner = nullptr;
    const int value = CGO_GUARD_VALUE(&inner)->int { throw 2; };
    cgo_guard_free(inner);
    return value;
  };
}
int keeps_the_error_to_itself() {
  cgo_guard_error *error = nullptr;
  const int value = CGO_GUARD_VALUE(&error)->int { throw 3; };
  cgo_guard_free(error);
  return value;
}
cgo_guard_error *has_no_value() {
  return CGO_GUARD { throw 4; };
}
