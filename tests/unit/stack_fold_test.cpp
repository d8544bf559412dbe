// SPDX-License-Identifier: BSL-1.0
#include <string>
#include <vector>

#include <cgo_guard/detail/stack/stack_text.hpp>

#include "catch.hpp"

using cgo_guard::detail::resolved_frame;

namespace {

std::vector<resolved_frame> stack_of(const std::vector<std::pair<const char *, int>> &functions) {
  std::vector<resolved_frame> frames;
  for (const auto &[function, line] : functions) {
    resolved_frame frame;
    frame.function = function;
    frame.file = "a.cpp";
    frame.line = line;
    frame.inlined = line > 1000;
    frames.push_back(frame);
  }
  return frames;
}

/// The names, with the folds between them.
std::string folded(const std::vector<resolved_frame> &frames) {
  std::string text;
  cgo_guard::detail::for_each_folded(
      frames, [&](const resolved_frame &f) { text += f.function + " "; },
      [&](std::size_t count, const std::string &names) {
        text += "[" + std::to_string(count) + " of " + names + "] ";
      });
  return text;
}

/// The same for a stack of which 1000 frames are not recorded.
std::string folded(const std::vector<std::pair<const char *, int>> &head,
                   const std::vector<std::pair<const char *, int>> &tail) {
  std::string text;
  const auto fold = [&](std::size_t count, const std::string &names) {
    text += "[" + std::to_string(count) + " of " + names + "] ";
  };
  cgo_guard::detail::for_each_folded(
      stack_of(head), 1000, stack_of(tail), [&](const resolved_frame &f) { text += f.function + " "; }, fold,
      [&] { text += "... "; },
      [&](std::size_t count, const std::string &names, std::size_t missing) {
        text += "across " + std::to_string(missing) + " ";
        fold(count, names);
      });
  return text;
}

std::vector<std::pair<const char *, int>> functions(const char *first, int times, const char *other = nullptr) {
  std::vector<std::pair<const char *, int>> result;
  for (int i = 0; i < times; ++i) {
    result.emplace_back(first, 5);
    if (other != nullptr) result.emplace_back(other, 7);
  }
  return result;
}

std::vector<std::pair<const char *, int>> operator+(std::vector<std::pair<const char *, int>> a,
                                                    const std::vector<std::pair<const char *, int>> &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("A recursion of which the middle was not recorded is folded as one") {
  CHECK(folded(functions("leaf()", 1) + functions("fib(int)", 90), functions("fib(int)", 30) + functions("main", 1)) ==
        "leaf() fib(int) fib(int) across 1000 [1117 of fib] fib(int) main ");
  // One more is enough to go on with.
  CHECK(folded(functions("fib(int)", 9), functions("fib(int)", 1) + functions("main", 1)) ==
        "fib(int) fib(int) across 1000 [1007 of fib] fib(int) main ");
}

TEST_CASE("A recursion through two functions goes on behind a gap at either of them") {
  const auto head = functions("a()", 10, "b()");
  CHECK(folded(head, functions("a()", 3, "b()")) == "a() b() a() b() across 1000 [1020 of a, b] a() b() ");
  const std::vector<std::pair<const char *, int>> b = {{"b()", 7}};
  CHECK(folded(head, b + functions("a()", 2, "b()") + functions("a()", 1)) ==
        "a() b() a() b() across 1000 [1020 of a, b] b() a() ");
}

TEST_CASE("Of a recursion that is partly inlined, what was not recorded counts as much as what was") {
  std::vector<std::pair<const char *, int>> rounds;
  for (int i = 0; i < 10; ++i) rounds.insert(rounds.end(), {{"fib(int)", 1005}, {"fib(int)", 6}});
  CHECK(folded(rounds, {{"fib(int)", 1005}, {"fib(int)", 6}, {"fib(int)", 1005}, {"fib(int)", 6}}) ==
        "fib(int) fib(int) fib(int) fib(int) across 2000 [2018 of fib] fib(int) fib(int) ");
}

TEST_CASE("What is not known to be one recursion on both sides of a gap is not folded as one") {
  CHECK(folded(functions("fib(int)", 9), functions("main", 1)) == "fib(int) fib(int) [6 of fib] fib(int) ... main ");
  CHECK(folded(functions("fib(int)", 9), functions("fob(int)", 9)) ==
        "fib(int) fib(int) [6 of fib] fib(int) ... fob(int) fob(int) [6 of fob] fob(int) ");
  CHECK(folded(functions("a()", 1) + functions("b()", 1), functions("b()", 1)) == "a() b() ... b() ");
  CHECK(folded({}, functions("b()", 1)) == "... b() ");
  CHECK(folded(functions("fib(int)", 9), {}) == "fib(int) fib(int) [6 of fib] fib(int) ... ");
}

TEST_CASE("A stack without recursion is left as it is") {
  CHECK(folded({}).empty());
  CHECK(folded(stack_of({{"a()", 1}, {"b()", 2}, {"a()", 1}, {"b()", 3}})) == "a() b() a() b() ");
}

TEST_CASE("A function that calls itself is shown twice, counted, and shown once more") {
  std::vector<std::pair<const char *, int>> functions = {{"leaf(int)", 3}};
  for (int i = 0; i < 100; ++i) functions.emplace_back("fib(int)", 9);
  functions.emplace_back("fib(int)", 20);  // whoever began stands at another line
  functions.emplace_back("main", 30);
  CHECK(folded(stack_of(functions)) == "leaf(int) fib(int) fib(int) [97 of fib] fib(int) fib(int) main ");
}

TEST_CASE("Functions that call each other are folded by rounds") {
  std::vector<std::pair<const char *, int>> functions;
  for (int i = 0; i < 10; ++i) {
    functions.emplace_back("visit(node*)", 5);
    functions.emplace_back("children(node*)", 7);
  }
  functions.emplace_back("main", 30);
  CHECK(folded(stack_of(functions)) ==
        "visit(node*) children(node*) visit(node*) children(node*) [14 of visit, children] visit(node*) "
        "children(node*) main ");
}

TEST_CASE("Few rounds, or calls from different lines, are not folded") {
  std::vector<std::pair<const char *, int>> functions;
  for (int i = 0; i < 4; ++i) functions.emplace_back("f()", 1);
  CHECK(folded(stack_of(functions)) == "f() f() f() f() ");
  functions.clear();
  for (int i = 0; i < 20; ++i) functions.emplace_back("f()", i);
  CHECK(folded(stack_of(functions)).find('[') == std::string::npos);
}

TEST_CASE("Frames without a name are told apart by their addresses") {
  auto frames = stack_of({{"", 0}, {"", 0}, {"", 0}, {"", 0}, {"", 0}, {"", 0}, {"", 0}, {"", 0}});
  const char code[8] = {};
  for (std::size_t i = 0; i < frames.size(); ++i) frames[i].address = &code[i];
  CHECK(folded(frames).find('[') == std::string::npos);
  for (auto &frame : frames) frame.address = &code[0];
  CHECK(folded(frames).find("[5 of ?]") != std::string::npos);
}

TEST_CASE("A function that the compiler has inlined into itself is folded by the calls that are left") {
  std::vector<resolved_frame> frames;
  for (int call = 0; call < 20; ++call) {
    for (int level = 0; level < 9; ++level) {
      frames.push_back(stack_of({{"f(int)", 4}})[0]);
      frames.back().inlined = level < 8;
    }
  }
  frames.push_back(stack_of({{"main", 9}})[0]);
  std::string shown = folded(frames);
  CHECK(shown.find("[153 of f] ") != std::string::npos);  // 20 calls, of which three are shown
  CHECK(shown.find("[153 of f] ") == 2 * 9 * 7);          // "f(int) " has seven characters
}
