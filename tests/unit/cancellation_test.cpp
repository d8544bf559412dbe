// SPDX-License-Identifier: BSL-1.0
#include <cstdio>
#include <exception>
#include <string>

#include <pthread.h>

#include "support.hpp"

namespace {

/// @return whether the cancellation of a thread that asks for it in `body` ended it afterwards.
template <class Body>
bool is_cancelled_with(Body body) {
  pthread_t thread;
  void *result = nullptr;
  pthread_create(
      &thread, nullptr,
      [](void *what) -> void * {
        (*static_cast<Body *>(what))();
        pthread_testcancel();
        return nullptr;
      },
      &body);
  pthread_join(thread, &result);
  return result == PTHREAD_CANCELED;
}
struct waits_in_what : std::exception {
  const char *what() const noexcept override {
    pthread_testcancel();
    return "in its own words";
  }
};
[[noreturn]] void throw_when_cancelled() {
  pthread_cancel(pthread_self());
  throw waits_in_what();
}

}  // namespace

DEATH_CASE(cancelled_thread_is_reported) {
  const bool cancelled = is_cancelled_with([] { cgo_guard::enter_thread(&throw_when_cancelled); });
  std::printf("%s", cancelled ? "and then cancelled" : "not cancelled");
}
DEATH_CASE(cancelled_value_is_reported) {
  const bool cancelled = is_cancelled_with([] {
    cgo_guard_error **volatile nowhere = nullptr;
    static_cast<void>(CGO_GUARD_VALUE(nowhere)->int { throw_when_cancelled(); });
  });
  std::printf("%s", cancelled ? "and then cancelled" : "not cancelled");
}
TEST_CASE("Trap 49: a cancellation waits until a failure is told, and then ends the thread") {
  for (const death &d : {die(cancelled_thread_is_reported), die(cancelled_value_is_reported)}) {
    CHECK(contains(d.output, "waits_in_what: in its own words"));
    CHECK(contains(d.output, "C++ stack:"));
    CHECK(contains(d.output, "throw_when_cancelled"));
    CHECK(contains(d.output, "and then cancelled"));
  }
}
