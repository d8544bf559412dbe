// SPDX-License-Identifier: BSL-1.0
/// @file symbolize.cpp
/// For symbolize.sh: prints the stack of a fault under a guard, as text or in JSON as Go's MarshalJSON has it, or
/// crashes under no guard.
#include <cgo_guard.h>

#include <cstdio>
#include <cstring>
#include <string>

#define KEPT __attribute__((noinline))
#define NO_TAIL_CALL asm volatile("" ::: "memory")

static int *volatile nowhere = nullptr;

inline __attribute__((always_inline)) void inlined_function() {
  *nowhere = 1;  // line of inlined_function
}
KEPT void innermost_function() {
  inlined_function();  // line of innermost_function
  NO_TAIL_CALL;
}
static inline __attribute__((always_inline)) void local_function() {
  innermost_function();  // line of local_function
  NO_TAIL_CALL;
}
KEPT static void middle_function(int) {
  local_function();  // line of middle_function
  NO_TAIL_CALL;
}
KEPT static void outermost_function() {
  middle_function(1);  // line of outermost_function
  NO_TAIL_CALL;
}

static std::string in_json(const char *text) {
  std::string out;
  for (; *text != 0; ++text) {
    if (*text == '\n') {
      out += "\\n";
    } else if (*text == '\t') {
      out += "\\t";
    } else {
      out += *text;
    }
  }
  return out;
}

int main(int, char **arguments) {
  const char *const deed = arguments[1];
  if (std::strcmp(deed, "crash") == 0) {
    static_cast<void>(CGO_GUARD{});  // for the handlers
    outermost_function();
  }
  cgo_guard_error *const error = CGO_GUARD { outermost_function(); };
  const std::string stack = in_json(cgo_guard_stack(error));
  if (std::strcmp(deed, "text") == 0) {
    std::printf("SIGSEGV: it went wrong\n\nC++ stack:\n%s", cgo_guard_stack(error));
  } else if (std::strcmp(deed, "json") == 0) {
    std::printf("{\"error\":\"outer <é>\",\"number\":11,\"c_stack\":\"\",\"cause\":{\"c_stack\":\"%s\"}}\n",
                stack.c_str());
  } else {
    std::printf("started\n{\"level\":\"INFO\",\"msg\":\"ready\"}\n{\"level\":\"ERROR\",\"err\":{\"c_stack\":\"%s\"}}\n",
                stack.c_str());
  }
  cgo_guard_free(error);
}
