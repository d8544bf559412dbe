// SPDX-License-Identifier: BSL-1.0
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include <cgo_guard.h>

#include <cgo_guard/detail/stack/decorate.hpp>

#include "c_library.hpp"
#include "catch.hpp"

using cgo_guard::detail::parse_location;
using cgo_guard::detail::source_location;

namespace {

/// A source file of this test's own, so that what is shown of it is known to the byte.
class source_file {
 public:
  source_file() {
    const int fd = mkstemp(path_);
    REQUIRE(fd >= 0);
    close(fd);
    std::ofstream(path_)
        << "// 1\nint count(int n) {\n\tif (n < 0)\n\t\treturn \033[31m0;\n  return *items[n];\n}\n// last";
  }
  ~source_file() { std::remove(path_); }
  std::string path() const { return path_; }

 private:
  char path_[64] = "/tmp/cgo_guard_decorate_XXXXXX";
};

std::string decorated(const std::string &report, unsigned flags) {
  const std::unique_ptr<char, void (*)(void *)> text(cgo_guard_decorate(report.c_str(), flags), &std::free);
  return text.get();
}

source_location location_of(const std::string &line) {
  source_location at;
  return parse_location(line, at) ? at : source_location();
}

/// Sets a variable of the environment, or removes it, for as long as it lives.
class environment {
 public:
  environment(const char *name, const char *value) : name_(name), was_(std::getenv(name) ? std::getenv(name) : "") {
    value != nullptr ? setenv(name, value, 1) : unsetenv(name);
  }
  ~environment() { was_.empty() ? unsetenv(name_) : setenv(name_, was_.c_str(), 1); }

 private:
  const char *name_;
  std::string was_;
};

const std::string header = "fatal signal SIGSEGV: read\nC++ stack:\n";

}  // namespace

TEST_CASE("The source around a frame is shown below it, and its line and column are marked") {
  const source_file source;
  const std::string frame = "count(int)\n\t" + source.path() + ":5:10 (service+0x12)\n";
  CHECK(decorated(header + frame, CGO_GUARD_SOURCE_LINES) == header + frame +
                                                                 "\t      3 | \tif (n < 0)\n"
                                                                 "\t      4 | \t\treturn ?[31m0;\n"
                                                                 "\t>     5 |   return *items[n];\n"
                                                                 "\t        |          ^\n"
                                                                 "\t      6 | }\n");
}

TEST_CASE("The caret stands under its column where the line begins with tabs") {
  const source_file source;
  const std::string frame = "count(int)\n\t" + source.path() + ":3:6 (service+0x12)\n";
  CHECK_THAT(decorated(header + frame, CGO_GUARD_SOURCE_LINES),
             Catch::Contains("\t>     3 | \tif (n < 0)\n\t        | \t    ^\n"));
}

TEST_CASE("The last line of a file without a line end is shown") {
  const source_file source;
  CHECK_THAT(decorated(header + "f()\n\t" + source.path() + ":7 (a+0x1)\n", CGO_GUARD_SOURCE_LINES),
             Catch::Contains("\t>     7 | // last\n"));
}

TEST_CASE("A frame whose source is not here, or shorter than its line, stays as it is") {
  const source_file source;
  for (const std::string &file : {std::string("/nowhere/a.cpp"), source.path(), std::string("/tmp")}) {
    const std::string report = header + "f()\n\t" + file + ":99 (a+0x1)\n";
    CHECK(decorated(report, CGO_GUARD_SOURCE_LINES) == report);
  }
}

TEST_CASE("A named pipe in the place of a source file is not waited for") {
  const source_file source;
  std::remove(source.path().c_str());
  REQUIRE(mkfifo(source.path().c_str(), 0600) == 0);
  const std::string report = header + "f()\n\t" + source.path() + ":1 (a+0x1)\n";
  CHECK(decorated(report, CGO_GUARD_SOURCE_LINES) == report);
}

TEST_CASE("Three frames of each C++ stack have their source, and no frame of a Go stack") {
  const source_file source;
  const std::string frame = "f()\n\t" + source.path() + ":2 (a+0x1)\n";
  const std::string four = frame + frame + frame + frame;
  const std::string text = decorated(header + four + "\ncaused by: e\nC++ stack:\n" + four + "\nGo stack:\n" + frame,
                                     CGO_GUARD_SOURCE_LINES);
  std::size_t shown = 0;
  for (std::size_t at = 0; (at = text.find("\t>     2 | int count", at)) != std::string::npos; ++at) ++shown;
  CHECK(shown == 6);
  CHECK_THAT(text, Catch::EndsWith("Go stack:\n" + frame));
}

TEST_CASE("A report without decorations comes back byte for byte") {
  const std::string report =
      header + "f()\n\t/a b (c)/d:e.cpp:9:5 (a+0x1)\n... 3 more of f ...\ng()\n\t/x+0x1 [build id 0]\n";
  CHECK(decorated(report, 0) == report);
}

TEST_CASE("Colour is added to the report and nothing else is changed") {
  const std::string report = header + "f()\n\t/a.cpp:9:5 (a+0x1)\n";
  std::string text = decorated(report, CGO_GUARD_COLOR);
  CHECK_THAT(text, Catch::StartsWith("\033[1;31mfatal signal SIGSEGV: read\033[0m\n"));
  CHECK_THAT(text, Catch::Contains("\033[1mf()\033[0m\n\033[2m\t/a.cpp:9:5 (a+0x1)\033[0m\n"));
  for (std::size_t at; (at = text.find('\033')) != std::string::npos;) text.erase(at, text.find('m', at) - at + 1);
  CHECK(text == report);
}

TEST_CASE("Locations are read whatever the file is called") {
  CHECK(location_of("\t/a b (c)/d:1:e.cpp:9:5 (a+0x1)").file == "/a b (c)/d:1:e.cpp");
  CHECK(location_of("\t/a.cpp:9:5 (a+0x1)").column == 5);
  CHECK(location_of("\t/a.cpp:9 (a (deleted)+0x1)").line == 0);  // the tail has a bracket of its own: left alone
  CHECK(location_of("\t/src/main.go:12 +0x1d").line == 12);
  CHECK(location_of("\tmain.go:12").file == "main.go");
  for (const char *line : {"", "\t", "\t:9", "f:9", "\t/usr/lib/libc.so.6+0x1234 [build id 00]", "\t/a.cpp:x",
                           "\t> 9 | :9", "\t/a.cpp:0", "\t(in no module)", "\t/a.cpp:99999999999"}) {
    CHECK(location_of(line).line == 0);
  }
}

TEST_CASE("There is colour on a terminal only, and not where NO_COLOR or TERM says no") {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY), file = open("/dev/null", O_WRONLY);
  REQUIRE(terminal >= 0);
  const environment any("TERM", "xterm");
  {
    const environment none("NO_COLOR", nullptr);
    CHECK(cgo_guard_wants_color(terminal) == 1);
    CHECK(cgo_guard_wants_color(file) == 0);
    CHECK(cgo_guard_wants_color(-1) == 0);
    const environment empty("NO_COLOR", "");
    CHECK(cgo_guard_wants_color(terminal) == 1);
    const environment dumb("TERM", "dumb");
    CHECK(cgo_guard_wants_color(terminal) == 0);
  }
  const environment unwelcome("NO_COLOR", "1");
  CHECK(cgo_guard_wants_color(terminal) == 0);
  close(terminal);
  close(file);
}

TEST_CASE("An error is printed with the source of its own test, and without colour into a file") {
  if (c_library::is_static()) SKIP_CASE(c_library::why_not_static);
  cgo_guard_error *const error = CGO_GUARD { throw std::runtime_error("printed"); };
  std::unique_ptr<FILE, int (*)(FILE *)> out(std::tmpfile(), &std::fclose);
  REQUIRE(out != nullptr);
  cgo_guard_print(error, out.get());
  cgo_guard_print(nullptr, out.get());
  std::rewind(out.get());
  std::string text(65536, 0);
  text.resize(std::fread(&text[0], 1, text.size(), out.get()));
  CHECK_THAT(text, Catch::StartsWith("C++ exception std::runtime_error: printed\n"));
  CHECK_THAT(text, Catch::Contains("CGO_GUARD { throw std::runtime_error(\"printed\"); };"));
  CHECK(text.find('\033') == std::string::npos);
  cgo_guard_free(error);
}
