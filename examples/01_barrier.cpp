// SPDX-License-Identifier: BSL-1.0
/// @file 01_barrier.cpp
/// The barrier: an export that may throw or crash returns an error, and the process goes on.

#include <cgo_guard.h>

#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>

namespace {

struct item {
  std::string name;
  int count;
};

const item *find(const std::string &name) {
  static const std::map<std::string, item> stock = {{"apple", {"apple", 3}}, {"pear", {"pear", 5}}};
  const auto found = stock.find(name);
  // volatile stands in for the file boundary of a real program: a compiler that sees the bug below may take it that the
  // pointer is never null, and then there is no fault to catch, only a wrong number.
  const item *volatile result = found != stock.end() ? &found->second : nullptr;
  return result;
}

/// The bug: nobody asked whether there is such an item.
int count_of(const std::string &name) { return find(name)->count; }

}  // namespace

/// NULL on success. The error belongs to the caller, who frees it; in Go, cgoguard.Err does.
extern "C" cgo_guard_error *inventory_count(const char *name, int *out) {
  return CGO_GUARD {
    if (*name == 0) throw std::invalid_argument("an item has a name");
    *out = count_of(name);
  };
}

/// The same for a function that wants its return value for itself.
extern "C" int inventory_total(cgo_guard_error **error) {
  return CGO_GUARD_VALUE(error) { return count_of("apple") + count_of("pear"); };
}

int main() {
  int failures = 0;
  for (const char *name : {"apple", "", "plum", "pear"}) {
    int count = 0;
    if (cgo_guard_error *error = inventory_count(name, &count)) {
      std::printf("'%s': %s\n", name, cgo_guard_describe(error));
      cgo_guard_free(error);
      ++failures;
    } else {
      std::printf("'%s': %d\n\n", name, count);
    }
  }
  cgo_guard_error *error = nullptr;
  std::printf("total: %d\n", inventory_total(&error));
  return failures == 2 && error == nullptr ? 0 : 1;
}
