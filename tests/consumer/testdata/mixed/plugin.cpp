// SPDX-License-Identifier: BSL-1.0
// Fails in every way, with a C++ runtime that is not the program's: linked statically, or the program's in spite of it.
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>

namespace warehouse {
struct odd {
  int number;
};
struct empty_shelf : std::out_of_range {
  using std::out_of_range::out_of_range;
};
}  // namespace warehouse

extern "C" {
int plugin_cleaned_up = 0;
}

namespace {
struct counts {
  ~counts() { ++plugin_cleaned_up; }
};

volatile int *volatile nowhere = nullptr;
void write_nowhere() { *nowhere = 1; }
void (*volatile crash)() = &write_nowhere;  // so that no compiler knows that it throws nothing
void (*volatile fail_later)(int);

void keep_and_rethrow() {
  std::exception_ptr kept;
  try {
    throw warehouse::empty_shelf("kept");
  } catch (...) {
    kept = std::current_exception();
  }
  std::rethrow_exception(kept);
}
}  // namespace

// Without a catch clause: what those say is for the personality of the plugin's own runtime, which the guard doesn't
// know.
static void __attribute__((noinline)) crash_in_a_frame_with_a_destructor() {
  const counts cleaned;
  crash();
  asm volatile("" ::: "memory");
}

static void __attribute__((noinline)) fail_in_a_frame_with_catch_clauses(int how) {
  const counts cleaned;
  switch (how) {
    case 0: throw std::runtime_error("out of paper");
    case 1: throw std::system_error(2, std::generic_category(), "looking");
    case 2: throw 7;
    case 3: throw warehouse::odd{1};
    case 4: throw warehouse::empty_shelf("row 7");
    case 5: try { fail_later(4);
      } catch (const std::exception &) {
        throw;
      }
      break;
    case 6: keep_and_rethrow(); break;
    case 7: try { fail_later(4);
      } catch (...) {
        std::throw_with_nested(std::runtime_error("loading"));
      }
      break;
    case 9: try { fail_later(0);
      } catch (const std::exception &) {
        crash();
      }
      break;
  }
}

extern "C" void plugin_fail(int how) {
  fail_later = &plugin_fail;
  if (how == 8) {
    crash_in_a_frame_with_a_destructor();
  } else {
    fail_in_a_frame_with_catch_clauses(how);
  }
}
extern "C" int plugin_uncaught() { return std::uncaught_exceptions(); }
