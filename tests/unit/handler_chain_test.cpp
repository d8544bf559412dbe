// SPDX-License-Identifier: BSL-1.0
// Who is below ours, and who is no longer.
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

#include <cgo_guard/detail/state/handler_chain.hpp>
#include <cgo_guard/detail/state/process.hpp>

#include "faults.hpp"
#include "support.hpp"

namespace {

using cgo_guard::detail::handler_chain;

void say(const char *text) { static_cast<void>(!write(1, text, std::strlen(text))); }

/// Handlers that say their number and pass on what they got to whom they found.
struct sigaction found[20];
template <int number>
void handler(int signal, siginfo_t *info, void *context) {
  char text[] = ".. ";
  text[0] = static_cast<char>('0' + number / 10);
  text[1] = static_cast<char>('0' + number % 10);
  say(number < 10 ? text + 1 : text);
  if ((found[number].sa_flags & SA_SIGINFO) == 0) _exit(8);
  found[number].sa_sigaction(signal, info, context);
}
template <int number>
void come() {
  struct sigaction action = {};
  action.sa_sigaction = handler<number>;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGSEGV, &action, &found[number]);
}
template <int number>
void leave() {
  sigaction(SIGSEGV, &found[number], nullptr);
}
void a_guard() {
  const caught error(CGO_GUARD { faults::write_null(); });
  if (!error) say("guards do not work ");
}
/// The host's: it was there before all others.
void bottom_and_us() {
  struct sigaction action = {};
  action.sa_handler = [](int) { say("bottom"), _exit(7); };
  sigaction(SIGSEGV, &action, nullptr);
  take_the_signals();
}

struct sigaction action_of(void (*function)(int), int flags) {
  struct sigaction action = {};
  action.sa_handler = function;
  action.sa_flags = flags;
  return action;
}
void one(int) {}
void two(int) {}
void three(int) {}
std::string names(const handler_chain &chain) {
  std::string all;
  struct sigaction action;
  for (int i = 0; chain.look(i, action); ++i) {
    all += action.sa_handler == one ? '1' : action.sa_handler == two ? '2' : action.sa_handler == three ? '3' : '-';
  }
  return all;
}

}  // namespace

DEATH_CASE(removed) {
  bottom_and_us();
  come<1>();
  a_guard();
  leave<1>();
  faults::write_null();
}
TEST_CASE("A handler that its owner takes out again is never called again, although a guard came in between") {
  CHECK(die(removed).output == "bottom");
}

DEATH_CASE(removed_by_address) {
  bottom_and_us();
  cgo_guard::prepare_this_thread();
  void (*const old)(int) = std::signal(SIGSEGV, [](int) { say("removed "), _exit(9); });
  a_guard();
  std::signal(SIGSEGV, old);
  const caught overflow(CGO_GUARD { faults::overflow_stack(0); });  // takes our own flags
  if (!overflow) say("no error ");
  faults::write_null();
}
TEST_CASE("One whose owner knows signal() only is forgotten too, and ours comes back with all its flags") {
  CHECK(die(removed_by_address).output == "bottom");
}

DEATH_CASE(removed_by_default) {
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  take_the_signals();
  come<1>();
  a_guard();
  std::signal(SIGSEGV, SIG_DFL);
  a_guard();
  cgo_guard::detail::process.crash_fd = -1;
  faults::write_null();
}
TEST_CASE("One whose owner sets the default is forgotten too") {
  const death d = die(removed_by_default);
  CHECK(d.output.empty());
  CHECK(d.signal == SIGSEGV);
}

DEATH_CASE(second_leaves) {
  bottom_and_us();
  come<1>();
  a_guard();
  come<2>();
  a_guard();
  leave<2>();
  a_guard();
  faults::write_null();
}
DEATH_CASE(first_leaves) {
  bottom_and_us();
  come<1>();
  a_guard();
  come<2>();
  a_guard();
  leave<1>();  // and with the kernel alone the second would be gone as well
  a_guard();
  faults::write_null();
}
TEST_CASE("Of two neighbours the one that leaves is forgotten, and those that came after it") {
  CHECK(die(second_leaves).output == "1 bottom");
  CHECK(die(first_leaves).output == "bottom");
}

DEATH_CASE(one_over_another) {
  bottom_and_us();
  come<1>();
  come<2>();
  a_guard();
  leave<2>();
  a_guard();
  faults::write_null();
}
TEST_CASE("One that came over another before the next guard, and puts that one back, is forgotten") {
  CHECK(die(one_over_another).output == "1 bottom");
}

DEATH_CASE(looked_only) {
  bottom_and_us();
  come<1>();
  a_guard();
  struct sigaction seen;
  sigaction(SIGSEGV, nullptr, &seen);
  sigaction(SIGSEGV, &seen, nullptr);
  faults::write_null();
}
TEST_CASE("Who puts back what he has just seen takes nobody out") { CHECK(die(looked_only).output == "1 bottom"); }

DEATH_CASE(founder_comes_again) {
  bottom_and_us();
  come<1>();
  struct sigaction host;
  sigaction(SIGSEGV, &found[1], &host);  // no guard has seen it
  const struct sigaction bottom = action_of([](int) { say("bottom"), _exit(7); }, 0);
  struct sigaction old;
  sigaction(SIGSEGV, &bottom, &old);
  a_guard();
  sigaction(SIGSEGV, &old, nullptr);
  faults::write_null();
}
TEST_CASE("A handler from before us that came over us and left again is still the last to be asked") {
  CHECK(die(founder_comes_again).output == "bottom");
}

DEATH_CASE(blocked_while_asked) {
  bottom_and_us();
  cgo_guard_error *error = CGO_GUARD {
    come<1>();                     // calls us with SIGSEGV blocked
    faults::call_address(0x1000);  // what stands there is looked at, and can't be read
  };
  say(error != nullptr && error->number == SIGSEGV ? "taken" : "not taken");
  cgo_guard_free(error);
}
TEST_CASE("A neighbour that passes a fault on to us with the signal blocked does not make our probing reads fatal") {
  // Asked for the fault, and for each read that fails: how many those are is the compiler's.
  const std::string output = die(blocked_while_asked).output;
  CHECK(output.substr(0, 4) == "1 1 ");
  CHECK(output.substr(output.find_first_not_of("1 ")) == "taken");
}

TEST_CASE("Handlers that come and go leave room for the next") {
  handler_chain chain;
  chain.put_on_top(action_of(one, 0), false);
  for (int i = 0; i < 100; ++i) {
    const std::uint32_t before = chain.generation();
    chain.put_on_top(action_of(two, i), true);
    CHECK(names(chain) == "21");
    chain.forget_later_than(before);
    CHECK(names(chain) == "1");
  }
  for (int i = 0; i < 20; ++i) chain.put_on_top(action_of(three, i), true);
  CHECK(chain.count() == handler_chain::capacity);
  CHECK(names(chain) == "33333331");
}

TEST_CASE("An action with SA_RESETHAND is handed out once, until it is installed again") {
  handler_chain chain;
  struct sigaction action;
  chain.put_on_top(action_of(one, static_cast<int>(SA_RESETHAND)), false);
  REQUIRE(chain.look(0, action));
  CHECK(action.sa_handler == one);  // looking takes nothing
  REQUIRE(chain.claim(0, action));
  CHECK(action.sa_handler == one);
  REQUIRE(chain.claim(0, action));
  CHECK(action.sa_handler == SIG_DFL);
  REQUIRE(chain.look(0, action));
  CHECK(action.sa_handler == SIG_DFL);
  chain.put_on_top(action_of(one, static_cast<int>(SA_RESETHAND)), true);
  REQUIRE(chain.claim(0, action));
  CHECK(action.sa_handler == one);
  CHECK_FALSE(chain.claim(1, action));
}

TEST_CASE("Of guests the last is forgotten first, and those from before us are not") {
  handler_chain chain;
  chain.put_on_top(action_of(one, 0), false);
  chain.put_on_top(action_of(two, 0), true);
  chain.put_on_top(action_of(three, 0), true);
  chain.forget_newest();
  CHECK(names(chain) == "21");
  chain.forget_newest();
  CHECK(names(chain) == "1");
  chain.forget_newest();
  CHECK(names(chain) == "1");
}

TEST_CASE("A call of our handler is inside another one only while that has not returned") {
  cgo_guard::detail::forwarding_levels levels;
  char stack[64] = {};
  const int context = 0;
  const auto outer = levels.enter(&context, stack + 48, false);
  CHECK(outer.level == 0);
  const auto inner = levels.enter(&context, stack + 16, false);
  CHECK(inner.level == 1);
  levels.leave(inner);
  CHECK(levels.enter(&context, stack + 16, false).level == 2);
  // Left by a longjmp, and the same neighbour calls for the next signal, at the same place.
  CHECK(levels.enter(&context, stack + 48, false).level == 0);
  CHECK(levels.enter(&context, stack + 16, true).level == 0);
}

TEST_CASE("Handlers that were left by longjmp, on however many threads, do not hide one call of ours inside another") {
  cgo_guard::detail::forwarding_levels levels;
  char stack[64] = {};
  int contexts[1000] = {};
  for (int &left : contexts) levels.enter(&left, stack + 48, true);
  for (bool from_kernel : {true, false}) {
    const int context = 0;
    const auto outer = levels.enter(&context, stack + 48, from_kernel);
    CHECK(outer.level == 0);
    const auto inner = levels.enter(&context, stack + 32, false);
    CHECK(inner.level == 1);
    CHECK(levels.enter(&context, stack + 16, false).level == 2);
    levels.leave(inner);
    levels.leave(outer);
    CHECK(levels.enter(&context, stack + 16, false).level == 0);
  }
}

TEST_CASE("A call that has lost its place to another does not end that one") {
  cgo_guard::detail::forwarding_levels levels;
  char stack[64] = {};
  int contexts[1000] = {};
  const auto first = levels.enter(&contexts[0], stack + 48, true);
  for (int &other : contexts) {
    if (&other != &contexts[0]) levels.enter(&other, stack + 48, true);
  }
  levels.leave(first);
  int inside = 0;
  for (int i = 1000 - 64; i < 1000; ++i) inside += levels.enter(&contexts[i], stack + 16, false).level;
  CHECK(inside == 64);  // all that there is room for
}
