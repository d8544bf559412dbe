// SPDX-License-Identifier: BSL-1.0
/// @file stack_text_test.cpp
/// What a stack looks like to its reader.

#include <cgo_guard/detail/stack/stack_text.hpp>

#include <string>
#include <type_traits>
#include <vector>

#include <dlfcn.h>
#include <unwind.h>

#include "c_library.hpp"
#include "catch.hpp"
#include "cgo_guard/boost_stacktrace.hpp"

#define NOINLINE __attribute__((noinline))

namespace unit_stack_text {

volatile int not_a_tail_call;
const void *recorded[64];
std::uint64_t recorded_count;

NOINLINE void record() {
  recorded_count = 0;
  _Unwind_Backtrace(
      [](_Unwind_Context *frame, void *) {
        if (recorded_count < 64) recorded[recorded_count++] = reinterpret_cast<char *>(_Unwind_GetIP(frame)) - 1;
        return _URC_NO_REASON;
      },
      nullptr);
  not_a_tail_call = 1;
}

}  // namespace unit_stack_text

// Stands in for the guard: an entry that is inlined, or not, into the holder of the block, and the thunk it calls.
CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

template <class Block>
NOINLINE void unit_test_thunk(void *block) {
  (*static_cast<Block *>(block))();
  unit_stack_text::not_a_tail_call = 2;
}

template <class Block>
void unit_test_guard(Block &&block) {
  void (*volatile thunk)(void *) = &unit_test_thunk<std::remove_reference_t<Block>>;
  thunk(&block);
  unit_stack_text::not_a_tail_call = 3;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

namespace unit_stack_text {

using namespace cgo_guard::detail;

NOINLINE int holder_of_the_block(int value) {
  int line = 0;
  unit_test_guard([&] {
    line = __LINE__ + 1;
    record();
    not_a_tail_call = value;
  });
  not_a_tail_call = 5;
  return line;
}

}  // namespace unit_stack_text

namespace {

using namespace cgo_guard::detail;

std::vector<resolved_frame> stack(std::initializer_list<const char *> functions) {
  std::vector<resolved_frame> frames;
  std::uintptr_t address = 0x1000;
  for (const char *function : functions) {
    resolved_frame frame;
    frame.address = reinterpret_cast<const void *>(address += 0x10);
    frame.function = function;
    frame.file = "/src/a.cpp";
    frame.line = static_cast<int>(frames.size()) + 1;
    frames.push_back(frame);
  }
  return frames;
}

std::vector<std::string> presented(std::initializer_list<const char *> functions, bool top = true) {
  auto frames = stack(functions);
  present(frames, top);
  std::vector<std::string> names;
  for (const auto &frame : frames) names.push_back(frame.function);
  return names;
}

using names = std::vector<std::string>;

std::string one_frame(const resolved_frame &frame) {
  std::string text;
  append_frame(text, frame);
  return text;
}

std::size_t count_of(const std::string &text, const std::string &part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("A guarded block has the name of the function that holds it, with GCC's names") {
  CHECK(presented({"count(char const*)", "inventory_count::{lambda()#1}::operator()() const",
                   "void cgo_guard::abi1::detail::block_thunk<inventory_count::{lambda()#1}>(void*)",
                   "cgo_guard_v1_trampoline",
                   "cgo_guard_error* cgo_guard::abi1::detail::guard<inventory_count::{lambda()#1}>", "inventory_count",
                   "main"}) == names{"count(char const*)", "inventory_count", "main"});
  CHECK(presented({"ns::f(int)::{lambda()#2}::operator()() const",
                   "void cgo_guard::abi1::detail::block_thunk<ns::f(int)::{lambda()#2}>(void*)", "ns::f(int)"}) ==
        names{"ns::f(int)"});
  // As debug information spells it where there is no linkage name.
  CHECK(presented({"inventory_count::<lambda()>::operator()", "cgo_guard::abi1::detail::thunk", "inventory_count"}) ==
        names{"inventory_count"});
}

TEST_CASE("A guarded block has the name of the function that holds it, with clang's names") {
  CHECK(presented({"inventory_count::$_0::operator()() const",
                   "void cgo_guard::abi1::detail::block_thunk<inventory_count::$_0>(void*)", "inventory_count"}) ==
        names{"inventory_count"});
  CHECK(presented({"ns::c::f(int) const::'lambda0'(int)::operator()(int) const", "cgo_guard::thunk", "go"}) ==
        names{"ns::c::f(int) const", "go"});
}

TEST_CASE("The line of a renamed frame is the one inside the block") {
  auto frames = stack({"f()::{lambda()#1}::operator()() const", "cgo_guard::thunk", "f()"});
  present(frames);
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].line == 1);
}

TEST_CASE("A block that was inlined into our thunk has a frame once that is gone, and the whole name of its holder") {
  auto frames = stack({"g()", "f::{lambda()}::operator()",
                       "void cgo_guard::abi1::detail::block_thunk<(anonymous namespace)::f(int)::{lambda()#1}>(void*)",
                       "(anonymous namespace)::f(int)", "main"});
  frames[0].inlined = frames[1].inlined = true;
  present(frames);
  REQUIRE(frames.size() == 3);
  CHECK(frames[0].inlined);
  CHECK_FALSE(frames[1].inlined);
  CHECK(frames[1].function == "(anonymous namespace)::f(int)");
  CHECK(frames[1].line == 2);
  CHECK(frames[2].function == "main");
  // Another function's name is not put in its place.
  CHECK(presented({"f::{lambda()}::operator()", "void cgo_guard::thunk<ff(int)::{lambda()#1}>(void*)"}) == names{"f"});
  CHECK(presented({"f(int)::{lambda()#1}::operator()() const",
                   "void cgo_guard::thunk<a::f(int)::{lambda()#1}>(void*)"}) == names{"f(int)"});
}

TEST_CASE("Where the block has no frame the thunk stands for it, without a line") {
  auto frames = stack({"helper()", "void cgo_guard::abi1::detail::block_thunk<ns::f(int)::{lambda()#1}>(void*)",
                       "cgo_guard_v1_trampoline", "ns::f(int)", "main"});
  present(frames);
  REQUIRE(frames.size() == 3);
  CHECK(frames[1].function == "ns::f(int)");
  CHECK(frames[1].line == 0);
  CHECK(frames[1].file.empty());
  CHECK(frames[1].address == reinterpret_cast<const void *>(0x1020));
  CHECK(frames[2].function == "main");
  CHECK(presented({"helper()", "void cgo_guard::thunk<int, f()::$_0&>(void*)"}) == names{"helper()", "f()"});
  CHECK(presented({"cgo_guard::abi1::detail::block_thunk<f(char const*)::<lambda()> >", "f", "main"}) ==
        names{"f(char const*)", "main"});
}

TEST_CASE("A block that the compiler has split is one function") {
  const std::string thunk = "void cgo_guard::abi1::detail::block_thunk<f(int)::{lambda()#1}>(void*)";
  const std::string block = "f(int)::{lambda()#1}::operator()() const", cold = thunk + " [clone .cold]";
  auto frames = stack({block.c_str(), cold.c_str(), block.c_str(), thunk.c_str(), "f(int)", "main"});
  frames[0].inlined = frames[2].inlined = true;
  frames[0].line = 11;
  present(frames);
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].function == "f(int)");
  CHECK(frames[0].line == 11);
  CHECK(frames[1].function == "main");
  // A block that is guarded in what it calls is another one.
  CHECK(presented({block.c_str(), thunk.c_str(), "cgo_guard_v1_enter", "f(int)", "g()", block.c_str(),
                   thunk.c_str()}) == names{"f(int)", "g()", "f(int)"});
}

TEST_CASE("Lambdas that are no guarded blocks keep their names") {
  const names user = {"f()::{lambda()#1}::operator()() const", "void std::sort<f()::{lambda()#1}>(f()::{lambda()#1})",
                      "f()"};
  CHECK(presented({user[0].c_str(), user[1].c_str(), user[2].c_str()}) == user);
  // A lambda inside the block: only the block itself is renamed.
  CHECK(presented({"f()::{lambda()#1}::operator()() const::{lambda()#1}::operator()() const",
                   "f()::{lambda()#1}::operator()() const", "cgo_guard::thunk", "f()"}) ==
        names{"f()::{lambda()#1}::operator()() const::{lambda()#1}::operator()() const", "f()"});
  // A template that only has a call operator among its arguments is not one.
  const char *const user_template = "void run<f()::{lambda()#1}::operator()() const::{lambda()#2}>(int)";
  CHECK(presented({user_template, "cgo_guard::thunk", "g()"}) == names{user_template, "g()"});
}

TEST_CASE("A recursive function keeps its frames, but for the one at the guard") {
  CHECK(presented({"f()::{lambda()#1}::operator()() const", "cgo_guard::thunk", "f()",
                   "f()::{lambda()#1}::operator()() const", "cgo_guard::thunk", "f()", "main"}) ==
        names{"f()", "f()", "main"});
}

TEST_CASE("The user's functions are not hidden for what they return or take") {
  const names user = {"cgo_guard_error* make<int>(int)",
                      "cgo_guard::go_error user::make<int>(int)",
                      "user::take(cgo_guard::go_error const&)",
                      "std::vector<cgo_guard::x> g<int>()",
                      "user::operator cgo_guard::go_error() const",
                      "cgo_guardian()"};
  std::vector<resolved_frame> frames;
  for (const auto &name : user) CHECK(presented({name.c_str(), "main"}) == names{name, "main"});
  CHECK(presented({"void cgo_guard::check(cgo_guard_error*)", "bool cgo_guard::operator< <int>(int)", "main"}) ==
        names{"main"});
}

TEST_CASE("The machinery of abort and throw goes from the top and stays below") {
  CHECK(presented({cgo_guard::detail::libc::inner_names_of_abort[0], "raise", "abort", "fn2(char const*)", "abort",
                   "main"}) == names{"fn2(char const*)", "abort", "main"});
  CHECK(presented({"cgo_guard::abi1::detail::personality(int)", "_Unwind_RaiseException", "__cxa_throw", "f()"}) ==
        names{"f()"});
  CHECK(presented({"abort", "__clang_call_terminate", "f()"}) == names{"f()"});
  CHECK(presented({"abort", "__assert_fail", "f()", "__assert_fail"}) == names{"f()", "__assert_fail"});
  CHECK(presented({"abort", "f()"}, false) == names{"abort", "f()"});
}

TEST_CASE("A stack that would become empty is left as it is") {
  CHECK(presented({"raise", "abort"}) == names{"raise", "abort"});
  CHECK(presented({"cgo_guard::abi1::detail::thunk(void*)"}) == names{"cgo_guard::abi1::detail::thunk(void*)"});
  CHECK(presented({}) == names{});
  CHECK(presented({"cgo_guard::thunk"}, false) == names{});
}

TEST_CASE("GCC's clone suffixes are not shown") {
  CHECK(presented({"f(int) [clone .cold]", "g() [clone .part.0] [clone .constprop.1]"}) == names{"f(int)", "g()"});
}

TEST_CASE("Odd names are presented without harm") {
  for (const char *name :
       {"", "(", ")", "<", "::", "operator", "operator(", "operator ", "a::operator()", "::operator()", "{lambda", "f<",
        "void (*f<int>(int))(char)", "cgo_guard::", "cgo_guard::f<", ">>>"}) {
    CHECK(presented({name, "cgo_guard::thunk<", name, "main"}).back() == "main");
  }
}

TEST_CASE("A frame is two lines, the second as precise as can be") {
  resolved_frame frame;
  frame.address = reinterpret_cast<const void *>(0x7f12);
  CHECK(one_frame(frame) == "0x7f12\n\t(in no module)\n");
  frame.module = "/usr/lib/libinventory.so";
  frame.module_offset = 0x1234;
  CHECK(one_frame(frame) == "0x7f12\n\t/usr/lib/libinventory.so+0x1234\n");
  frame.build_id = "abcdef";
  frame.function = "fn2(char const*)";
  CHECK(one_frame(frame) == "fn2(char const*)\n\t/usr/lib/libinventory.so+0x1234 [build id abcdef]\n");
  frame.file = "/src/test.cpp";
  frame.line = 9;
  CHECK(one_frame(frame) == "fn2(char const*)\n\t/src/test.cpp:9 (libinventory.so+0x1234)\n");
  frame.column = 5;
  CHECK(one_frame(frame) == "fn2(char const*)\n\t/src/test.cpp:9:5 (libinventory.so+0x1234)\n");
}

TEST_CASE("The holder of a real block is one frame, at the line inside the block") {
  if (c_library::is_static()) SKIP_CASE(c_library::why_not_static);
  REQUIRE(libdw::load() != nullptr);
  const int line = unit_stack_text::holder_of_the_block(1);
  const std::string text = format_frames(unit_stack_text::recorded, unit_stack_text::recorded_count, 64, 0);
  INFO(text);
  CHECK(count_of(text, "unit_stack_text::holder_of_the_block(int)\n") == 1);
  CHECK(count_of(text, "cgo_guard::") == 0);
  CHECK(count_of(text, "operator()") == 0);
  CHECK(count_of(text, "stack_text_test.cpp:" + std::to_string(line) + ":") == 1);
  CHECK(count_of(text, "unit_stack_text::record") == 1);
}

TEST_CASE("The holder of a real block is found without debug information as well") {
  unit_stack_text::holder_of_the_block(1);
  std::vector<resolved_frame> frames;
  for (std::uint64_t i = 0; i < unit_stack_text::recorded_count; ++i) {
    resolve(unit_stack_text::recorded[i], frames, symbolizer_stage::elf);
  }
  present(frames);
  int holders = 0;
  for (const auto &frame : frames) {
    holders += frame.function == "unit_stack_text::holder_of_the_block(int)";
    CHECK(frame.function.find("cgo_guard::") == std::string::npos);
  }
  CHECK(holders == 1);
}

TEST_CASE("The gap stands after the head, with grouped digits") {
  const void *const frames[] = {dlsym(RTLD_DEFAULT, "a64l"), dlsym(RTLD_DEFAULT, "l64a"), dlsym(RTLD_DEFAULT, "ecvt")};
  const std::string text = format_frames(frames, 3, 2, 104233);
  const std::size_t gap = text.find("... 104,233 frames left out ...\n");
  REQUIRE(gap != std::string::npos);
  CHECK(count_of(text.substr(0, gap), "\n\t") == 2);
  CHECK(count_of(text.substr(gap), "\n\t") == 1);
  CHECK(format_frames(frames, 3, 2, 0).find("left out") == std::string::npos);
  CHECK(format_frames(frames, 3, 2, 1).find("... 1 frame left out ...\n") != std::string::npos);
  CHECK(format_frames(frames, 3, 9, 1000).rfind("... 1,000 frames left out ...\n") != std::string::npos);
  CHECK(format_frames(frames, 0, 0, 999) == "... 999 frames left out ...\n");
  CHECK(format_frames(nullptr, 0, 0, 0).empty());
}

TEST_CASE("The table has nine fields a line") {
  const void *const frames[] = {dlsym(RTLD_DEFAULT, "a64l"), reinterpret_cast<const void *>(16)};
  const std::string table = resolve_table(frames, 2);
  CHECK(count_of(table, "\t") == 8 * count_of(table, "\n"));
  CHECK(count_of(table, "\n") >= 2);
  CHECK(table.compare(0, hex_text(reinterpret_cast<std::uintptr_t>(frames[0])).size() + 1,
                      hex_text(reinterpret_cast<std::uintptr_t>(frames[0])) + "\t") == 0);
  CHECK(table.find("0x10\t\t\t0\t0\t\t0x0\t\t0\n") != std::string::npos);
}

TEST_CASE("The raw text has dynamic names, modules and offsets, and no more than fits") {
  if (c_library::is_static()) SKIP_CASE(c_library::why_not_static);
  const void *const frames[] = {dlsym(RTLD_DEFAULT, "a64l"), reinterpret_cast<const void *>(16),
                                dlsym(RTLD_DEFAULT, "l64a")};
  char whole[1024];
  const std::size_t length = format_frames_raw(frames, 3, 2, 18446744073709551615u, whole, sizeof whole);
  const std::string text(whole);
  INFO(text);
  CHECK(length == text.size());
  CHECK(text.compare(0, 6, "a64l\n\t") == 0);
  CHECK(count_of(text, "libc.so.6+0x") == 2);
  CHECK(text.find("0x10\n\t(in no module)\n... 18,446,744,073,709,551,615 frames left out ...\nl64a\n\t") !=
        std::string::npos);
  for (std::size_t size = 1; size <= length + 1; ++size) {
    std::vector<char> buffer(size, 'x');
    const std::size_t used = format_frames_raw(frames, 3, 2, 18446744073709551615u, buffer.data(), size);
    CHECK(used == size - 1);
    CHECK(text.compare(0, used, buffer.data()) == 0);
  }
  CHECK(format_frames_raw(frames, 3, 2, 0, nullptr, 0) == 0);
}

TEST_CASE("An error's frames are a boost::stacktrace") {
  if (c_library::is_static()) SKIP_CASE(c_library::why_not_static);
  CHECK(fallback_resolver.load() == &resolve_with_boost);
  const void *const frames[] = {dlsym(RTLD_DEFAULT, "l64a"), dlsym(RTLD_DEFAULT, "a64l")};
  cgo_guard_error error{};
  CHECK(cgo_guard::to_boost(error).empty());
  error.frames = frames;
  error.frame_count = 2;
  const boost::stacktrace::stacktrace trace = cgo_guard::to_boost(error);
  REQUIRE(trace.size() == 2);
  CHECK(trace[0].address() == frames[0]);
  CHECK(trace[1].address() == frames[1]);
  std::string function, file;
  int line = -1;
  CHECK(resolve_with_boost(frames[1], function, file, line));
  CHECK(function == "a64l");
}
