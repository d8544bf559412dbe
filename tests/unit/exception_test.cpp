// SPDX-License-Identifier: BSL-1.0
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

#include <pthread.h>

#include <cgo_guard/detail/exception/throw_stack.hpp>

#include "cxx_runtime.hpp"
#include "faults.hpp"
#include "support.hpp"

namespace {

struct plain_struct {
  int value = 7;
};

template <class T>
caught thrown(T value) {
  return caught(CGO_GUARD { throw value; });
}

__attribute__((noinline)) void new_that_throws() { throw std::bad_alloc(); }

struct odd_what : std::exception {
  int mode;
  explicit odd_what(int m) : mode(m) {}
  const char *what() const noexcept override {
    if (mode == 0) return nullptr;
    if (mode == 1) new_that_throws();
    faults::read_null();
    return "unreachable";
  }
};

struct bad_destructor : std::runtime_error {
  using std::runtime_error::runtime_error;
  bad_destructor(const bad_destructor &) = default;
  ~bad_destructor() override {
    if (std::string(what()) == "crash in me") faults::write_null();
  }
};

struct counted {
  static int live;
  counted() { ++live; }
  counted(const counted &) { ++live; }
  ~counted() { --live; }
};
int counted::live = 0;

}  // namespace

GUARDED_TEST_CASE("Trap 49: every thrown type comes back with its name and what it says") {
  CHECK(std::string(thrown(42)->name) == "int");
  CHECK(message_of(thrown(42)) == "42");
  CHECK(std::string(thrown("text")->name) == "char const*");
  CHECK(message_of(thrown("text")) == "text");
  CHECK(message_of(thrown(std::string("string"))) == "string");
  CHECK(message_of(thrown(true)) == "true");
  CHECK(message_of(thrown(2.5)) == "2.5");
  CHECK(message_of(thrown(-5L)) == "-5");
  CHECK(message_of(thrown(5ul)) == "5");
  const caught with_struct = thrown(plain_struct{});
  CHECK(std::string(with_struct->name).find("plain_struct") != std::string::npos);
  CHECK(message_of(with_struct) == "(an object of this type carries no message)");
  const caught error = thrown(std::out_of_range("index 7"));
  CHECK(error->code == CGO_GUARD_EXCEPTION);
  CHECK(std::string(error->name) == "std::out_of_range");
  CHECK(message_of(error) == "index 7");
  CHECK(error->number == 0);
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_COMPLETE);
}

GUARDED_TEST_CASE("The number is that of the error_code, with its category") {
  const caught posix = thrown(std::system_error(ENOENT, std::generic_category(), "open"));
  CHECK(posix->number == ENOENT);
  CHECK(std::string(posix->category) == "generic");
  const caught native = thrown(std::system_error(EACCES, std::system_category()));
  CHECK(native->number == EACCES);
  CHECK(std::string(native->category) == "system");
  const caught file(CGO_GUARD { static_cast<void>(std::filesystem::file_size("/does/not/exist")); });
  REQUIRE(file);
  CHECK(std::string(file->name).find("filesystem_error") != std::string::npos);
  CHECK(file->number == ENOENT);
  CHECK(std::string(file->category) == "generic");
}

GUARDED_TEST_CASE("A chain of nested exceptions comes back as causes") {
  caught error(CGO_GUARD {
    try {
      try {
        throw std::out_of_range("innermost");
      } catch (...) {
        std::throw_with_nested(std::logic_error("middle"));
      }
    } catch (...) {
      std::throw_with_nested(std::runtime_error("outermost"));
    }
  });
  REQUIRE(error);
  CHECK(message_of(error) == "outermost");
  CHECK(std::string(error->name) == "std::runtime_error");
  REQUIRE(error->cause);
  CHECK(std::string(error->cause->message) == "middle");
  REQUIRE(error->cause->cause);
  CHECK(std::string(error->cause->cause->name) == "std::out_of_range");
  CHECK(std::string(error->cause->cause->message) == "innermost");
  CHECK(error->cause->cause->cause == nullptr);
}

GUARDED_TEST_CASE("Trap 50: a what() that returns NULL, throws or crashes is said to do so") {
  CHECK(message_of(thrown(odd_what(0))) == "(what() returned NULL)");
  CHECK(message_of(thrown(odd_what(1))) == "(what() threw std::bad_alloc, although it is noexcept)");
  CHECK(message_of(thrown(odd_what(2))) == "(what() crashed: SIGSEGV, null pointer read at 0x0)");
}

GUARDED_TEST_CASE("Trap 50: messages of any length and with any bytes arrive whole") {
  const std::string huge(1 << 20, 'm');
  CHECK(message_of(thrown(std::runtime_error(huge))) == huge);
  const std::string with_nul("a\0b", 3);
  CHECK(message_of(thrown(with_nul)) == with_nul);
  CHECK(message_of(thrown(std::runtime_error("\xff\xfe"))) == "\xff\xfe");
  CHECK(message_of(thrown(static_cast<const char *>(nullptr))) == "(a null char pointer)");
}

GUARDED_TEST_CASE("A char pointer that points nowhere is reported, not followed to the end") {
  const caught error = thrown(reinterpret_cast<const char *>(0x10));
  CHECK(message_of(error) == "(reading the thrown object crashed: SIGSEGV, null pointer read at 0x10)");
}

GUARDED_TEST_CASE("An exception object whose destructor crashes does no harm") {
  caught error(CGO_GUARD { throw bad_destructor("crash in me"); });
  REQUIRE(error);
  CHECK(message_of(error) == "crash in me");
  CHECK(message_of(thrown(1)) == "1");
}

GUARDED_TEST_CASE("The thrown object is destroyed once") {
  counted::live = 0;
  {
    caught error(CGO_GUARD { throw counted(); });
  }
  CHECK(counted::live == 0);
}

GUARDED_TEST_CASE("The stack of an exception is that of its throw, not of the guard") {
  caught error(CGO_GUARD { faults::throw_two_deep(); });
  REQUIRE(error);
  const std::string stack = cgo_guard_stack(error.get());
  INFO(stack);
  CHECK(stack.find("throw_one") < stack.find("throw_two_deep"));
  CHECK(stack.find("throw_two_deep") != std::string::npos);
  CHECK(stack.find("__cxa_throw") == std::string::npos);
  CHECK(stack.find("cgo_guard::") == std::string::npos);
}

GUARDED_TEST_CASE("An exception_ptr that is thrown again is described like the exception it points to") {
  std::exception_ptr kept;
  try {
    throw std::range_error("kept");
  } catch (...) {
    kept = std::current_exception();
  }
  caught error(CGO_GUARD { std::rethrow_exception(kept); });
  REQUIRE(error);
  CHECK(std::string(error->name) == "std::range_error");
  CHECK(message_of(error) == "kept");
}

namespace {
__attribute__((noinline)) void log_and_rethrow() {
  try {
    faults::throw_two_deep();
  } catch (const std::exception &) {
    throw;
  }
}
__attribute__((noinline)) void keep_and_rethrow() {
  std::exception_ptr kept;
  try {
    faults::throw_two_deep();
  } catch (...) {
    kept = std::current_exception();
  }
  std::rethrow_exception(kept);
}
}  // namespace

GUARDED_TEST_CASE("An exception that was caught and thrown again still has the stack of its first throw") {
  if (!cxx_runtime::is_shared()) SKIP_CASE(cxx_runtime::why_not_shared);
  for (void (*f)() : {log_and_rethrow, keep_and_rethrow}) {
    caught error(CGO_GUARD { f(); });
    REQUIRE(error);
    const std::string stack = cgo_guard_stack(error.get());
    INFO(stack);
    CHECK(stack.find("throw_one") == stack.find("faults::") + 8);
    CHECK(stack.find("throw_two_deep") != std::string::npos);
    CHECK(stack.find("__cxa") == std::string::npos);
  }
}

GUARDED_TEST_CASE("A rethrow is described like the exception") {
  caught error(CGO_GUARD {
    try {
      throw std::out_of_range("again");
    } catch (const std::exception &) {
      throw;
    }
  });
  REQUIRE(error);
  CHECK(std::string(error->name) == "std::out_of_range");
  CHECK(message_of(error) == "again");
}

namespace {
bool cleaned_up = false, returned = false;
struct on_cancel {
  ~on_cancel() { cleaned_up = true; }
};
void *cancelled(void *) {
  cgo_guard_error *error = CGO_GUARD {
    on_cancel c;
    pthread_exit(nullptr);
  };
  returned = true;
  cgo_guard_free(error);
  return nullptr;
}
}  // namespace

GUARDED_TEST_CASE("Trap 49: pthread_exit passes through a guard, and runs its destructors") {
  if (!cxx_runtime::threads_can_be_unwound()) SKIP_CASE(cxx_runtime::why_threads_cannot_be_unwound);
  pthread_t thread;
  REQUIRE(pthread_create(&thread, nullptr, cancelled, nullptr) == 0);
  pthread_join(thread, nullptr);
  CHECK(cleaned_up);
  CHECK_FALSE(returned);
}

namespace {
void (*volatile throw_now)() = [] { throw std::runtime_error("deep down"); };

/// @return what was looked at for all its throws
__attribute__((noinline)) std::uint64_t throw_on_each_level(int depth) {
  using namespace cgo_guard::detail;
  static const int thrown = 0;
  const std::uint64_t here =
      throw_stacks.remember(&thrown, reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
  return here + (depth == 0 ? 0 : throw_on_each_level(depth - 1));
}

__attribute__((noinline)) int rethrow_deep(int depth, int levels_that_catch) {
  volatile int result = 0;
  if (depth == 0) {
    throw_now();
  } else if (depth > levels_that_catch) {
    result = rethrow_deep(depth - 1, levels_that_catch);
  } else {
    try {
      result = rethrow_deep(depth - 1, levels_that_catch);
    } catch (const std::runtime_error &) {
      throw;
    }
  }
  return result;
}

std::uint64_t frames_of(const caught &error) { return error->frame_count + error->frames_omitted; }
}  // namespace

GUARDED_TEST_CASE("A throw looks at a bounded number of frames, however deep it is") {
  std::uint64_t seen = 0;
  const caught error(CGO_GUARD { seen = throw_on_each_level(2000); });
  CHECK_FALSE(error);
  CHECK(seen > 2000);
  CHECK(seen <= 2001 * cgo_guard::detail::throw_table::most_frames);
}

GUARDED_TEST_CASE("A deep throw that is caught and thrown again still has its whole stack") {
  if (!cxx_runtime::is_shared()) SKIP_CASE(cxx_runtime::why_not_shared);
  constexpr int depth = 1500;
  const caught plain(CGO_GUARD { rethrow_deep(depth, 0); });
  REQUIRE(plain);
  CHECK(frames_of(plain) >= depth);
  for (const int levels : {1, 10, 100}) {
    const caught again(CGO_GUARD { rethrow_deep(depth, levels); });
    REQUIRE(again);
    CHECK(message_of(again) == "deep down");
    CHECK(frames_of(again) == frames_of(plain));
    CHECK(again->frames[0] == plain->frames[0]);
  }
  // Caught above the frames that were looked at: where it was thrown again is what is left of the story.
  const caught above(CGO_GUARD { rethrow_deep(depth, depth - 100); });
  REQUIRE(above);
  CHECK(frames_of(above) >= 100);
}
