// SPDX-License-Identifier: BSL-1.0
#include <atomic>
#include <csignal>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include "faults.hpp"
#include "support.hpp"

namespace {

cgo_guard_error *succeed() { return CGO_GUARD{}; }

int guard_line = 0;
cgo_guard_error *fail_here(const char *message) {
  guard_line = __LINE__ + 1;
  return CGO_GUARD { throw std::runtime_error(message); };
}

long value_or_error(bool fail, cgo_guard_error **error) {
  return CGO_GUARD_VALUE(error) {
    if (fail) throw std::runtime_error("no value");
    return 42L;
  };
}

std::string text_or_error(bool fail, cgo_guard_error **error) {
  return CGO_GUARD_VALUE(error) {
    if (fail) faults::write_null();
    return std::string(1000, 'x');
  };
}

struct inside_destructor {
  cgo_guard_error **out;
  ~inside_destructor() {
    *out = CGO_GUARD { faults::write_null(); };
  }
};

}  // namespace

GUARDED_TEST_CASE("A guard that succeeds yields NULL") { CHECK(succeed() == nullptr); }

GUARDED_TEST_CASE("A guard knows the function, file and line where it stands") {
  caught error(fail_here("where"));
  REQUIRE(error);
  CHECK(std::string(error->function) == "fail_here");
  CHECK(std::string(error->file) == __FILE__);
  CHECK(error->line == guard_line);
  CHECK(error->thread_id == gettid());
}

GUARDED_TEST_CASE("Line numbers inside a guarded block are those of the file") {
  int line = 0;
  caught error(CGO_GUARD {
    line = __LINE__;
    static_cast<void>(0);
    throw __LINE__;
  });
  REQUIRE(error);
  CHECK(message_of(error) == std::to_string(line + 2));
}

GUARDED_TEST_CASE("A return statement leaves the block, not the function") {
  bool went_on = false;
  cgo_guard_error *error = CGO_GUARD { return; };
  went_on = true;
  CHECK(error == nullptr);
  CHECK(went_on);
}

GUARDED_TEST_CASE("The value form returns the value and clears the error") {
  auto *error = reinterpret_cast<cgo_guard_error *>(1);
  CHECK(value_or_error(false, &error) == 42);
  CHECK(error == nullptr);
}

GUARDED_TEST_CASE("The value form returns a default value and sets the error") {
  cgo_guard_error *error = nullptr;
  CHECK(value_or_error(true, &error) == 0);
  caught owned(error);
  REQUIRE(owned);
  CHECK(message_of(owned) == "no value");
}

GUARDED_TEST_CASE("The value form moves a value that is not trivial, and loses none to a fault") {
  cgo_guard_error *error = nullptr;
  CHECK(text_or_error(false, &error).size() == 1000);
  CHECK(error == nullptr);
  CHECK(text_or_error(true, &error).empty());
  caught owned(error);
  REQUIRE(owned);
  CHECK(owned->number == SIGSEGV);
}

DEATH_CASE(null_error_pointer) {
  cgo_guard_error **nowhere = nullptr;
  const long value = CGO_GUARD_VALUE(nowhere) {
    throw std::runtime_error("with nowhere to go");
    return 1L;
  };
  std::printf("value %ld\n", value);
  cgo_guard_stats stats = {};
  stats.struct_size = sizeof stats;
  cgo_guard_get_stats(&stats);
  std::printf("undelivered %d\n", static_cast<int>(stats.undelivered));
}
namespace {
/// As a smart pointer of COM's: its address is not had with an ampersand.
struct addressed_otherwise {
  int value = 0;
  addressed_otherwise *operator&() const { return nullptr; }
};
}  // namespace

GUARDED_TEST_CASE("The value form returns a value whose type has an operator& of its own") {
  cgo_guard_error *error = nullptr;
  const auto seven = [&error] {
    return CGO_GUARD_VALUE(&error) { return addressed_otherwise{7}; };
  };
  CHECK(seven().value == 7);
  CHECK(error == nullptr);
}

TEST_CASE("A failure in the value form with a NULL error pointer is printed, not lost") {
  const death d = die(null_error_pointer);
  CHECK(d.exit_status == 0);
  CHECK(d.output.find("with nowhere to go") != std::string::npos);
  CHECK(d.output.find("value 0") != std::string::npos);
  CHECK(d.output.find("undelivered 1") != std::string::npos);
}

GUARDED_TEST_CASE("Trap 22: an inner fault stays with the inner guard, and the outer one can still recover") {
  caught inner;
  bool went_on = false;
  caught outer(CGO_GUARD {
    inner.reset(CGO_GUARD { faults::write_null(); });
    went_on = true;
    faults::arithmetic_exception();
  });
  REQUIRE(inner);
  REQUIRE(outer);
  CHECK(went_on);
  CHECK(inner->number == SIGSEGV);
  CHECK(outer->number == SIGFPE);
}

GUARDED_TEST_CASE("A guard works inside a destructor that runs because of an exception") {
  cgo_guard_error *inner = nullptr;
  int uncaught_after = -1;
  try {
    inside_destructor d{&inner};
    throw std::runtime_error("outer");
  } catch (const std::runtime_error &) {
    uncaught_after = std::uncaught_exceptions();
  }
  caught owned(inner);
  REQUIRE(owned);
  CHECK(owned->number == SIGSEGV);
  CHECK(uncaught_after == 0);
}

GUARDED_TEST_CASE("A guard works on a thread that Go never saw") {
  std::string message;
  std::thread worker([&] {
    caught error(CGO_GUARD { faults::write_null(); });
    if (error) message = message_of(error);
  });
  worker.join();
  CHECK(message == "null pointer write at 0x0");
}

namespace {
volatile std::sig_atomic_t guarded_in_handler = 0;
void handler_with_guard(int) {
  if (cgo_guard_error *error = CGO_GUARD { faults::write_null(); }) {
    guarded_in_handler = error->number;
    cgo_guard_free(error);
  }
}
}  // namespace

GUARDED_TEST_CASE("A guard works inside a signal handler") {
  struct sigaction action = {}, old;
  action.sa_handler = handler_with_guard;
  sigaction(SIGUSR1, &action, &old);
  raise(SIGUSR1);
  sigaction(SIGUSR1, &old, nullptr);
  CHECK(guarded_in_handler == SIGSEGV);
}

GUARDED_TEST_CASE("A fault in a signal handler that interrupted a guarded block goes to that guard") {
  struct sigaction action = {}, old;
  action.sa_handler = [](int) { faults::write_null(); };
  sigaction(SIGUSR1, &action, &old);
  caught error(CGO_GUARD { raise(SIGUSR1); });
  sigaction(SIGUSR1, &old, nullptr);
  REQUIRE(error);
  CHECK(error->number == SIGSEGV);
}

namespace {
int guarded_before_main() {
  cgo_guard_error *error = CGO_GUARD { faults::write_null(); };
  const int number = error != nullptr ? error->number : 0;
  cgo_guard_free(error);
  return number;
}
const int before_main = guarded_before_main();
}  // namespace

TEST_CASE("A guard works before main") { CHECK(before_main == SIGSEGV); }

GUARDED_TEST_CASE("Trap 26: on eight threads, every error belongs to its call") {
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([t, &wrong] {
      for (int i = 0; i < 2000; ++i) {
        const std::string token = std::to_string(t) + ":" + std::to_string(i);
        caught thrown(CGO_GUARD { throw std::runtime_error(token); });
        if (!thrown || message_of(thrown) != token) ++wrong;
        const std::uintptr_t address = static_cast<std::uintptr_t>(t * 4096 + i % 4096);
        caught faulted(CGO_GUARD { faults::write_to(address); });
        if (!faulted || faulted->address != address) ++wrong;
        const int value = t * 10000 + i + 100;
        caught failed(CGO_GUARD { throw value; });
        if (!failed || message_of(failed) != std::to_string(value)) ++wrong;
      }
    });
  }
  for (std::thread &t : threads) t.join();
  CHECK(wrong == 0);
}

GUARDED_TEST_CASE("Trap 32: locals of the guard's function keep their values through a failure") {
  volatile int before = 1;
  int plain = 2;
  caught error(CGO_GUARD {
    plain = 3;
    before = 4;
    faults::write_null();
    plain = 5;
  });
  REQUIRE(error);
  CHECK(plain == 3);
  CHECK(before == 4);
}
