// SPDX-License-Identifier: BSL-1.0
/// @file cores.hpp
/// What the tests of cores share. The file that includes it has the functions of the C API.
#ifndef CGO_GUARD_TESTS_UNIT_CORES_HPP
#define CGO_GUARD_TESTS_UNIT_CORES_HPP

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

#include "faults.hpp"
#include "support.hpp"

namespace cores_test {

constexpr const char *directory_variable = "CGO_GUARD_CORE_DIRECTORY";

/// A directory for the cores of one test, for the subprocess as well.
class scratch {
 public:
  scratch() {
    char name[] = "/tmp/cgo_guard_cores_XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path_ = name;
    setenv(directory_variable, name, 1);
  }
  ~scratch() { std::filesystem::remove_all(path_); }
  scratch(const scratch &) = delete;
  scratch &operator=(const scratch &) = delete;
  const std::string &path() const { return path_; }
  std::vector<std::string> list() const {
    std::vector<std::string> names;
    for (const auto &entry : std::filesystem::directory_iterator(path_)) names.push_back(entry.path().string());
    return names;
  }

 private:
  std::string path_;
};

inline void take_cores(int most = 0, int every_ms = 1, std::uint64_t max_bytes = 0) {
  cgo_guard_options options = {};
  options.struct_size = sizeof options;
  options.core_dir = std::getenv(directory_variable);
  options.core_max = most;
  options.core_every_ms = every_ms;
  options.core_max_bytes = max_bytes;
  if (const char *refusal = cgo_guard_configure(&options)) std::printf("refused: %s\n", refusal);
}

inline cgo_guard_stats stats() {
  cgo_guard_stats s = {};
  s.struct_size = sizeof s;
  cgo_guard_get_stats(&s);
  return s;
}

inline bool exists(const std::string &file) { return access(file.c_str(), F_OK) == 0; }

/// Until nothing is being written and the next fault may have a core, a millisecond after the last began: a machine may
/// be quick enough to end a core within it. The subprocess has 20 seconds in all.
inline void wait_for_the_core() {
  using namespace cgo_guard::detail;
  while (cores.last.load() != nullptr && !has_ended(*cores.last)) usleep(1000);
  usleep(2000);
}

inline pid_t writer() { return cgo_guard::detail::cores.last.load()->child.load(); }

/// A guarded fault; prints the name of its core, or "none".
inline std::string fault(void (*body)() = faults::write_null) {
  const caught error(CGO_GUARD { body(); });
  const std::string core = error->core_file;
  std::printf("core: %s\n", core.empty() ? "none" : core.c_str());
  return core;
}

/// gdb 13 knows one layout of the vector registers, Intel's, and warns of every core of a processor that has another,
/// the kernel's own cores too. And where an emulator ran the program, its own libraries are in the core as well.
inline bool is_about_the_processor(const std::string &line) {
  const bool emulators =
      contains(line, "during file-backed mapping") || contains(line, "unsupported GNU_PROPERTY_TYPE");
  return contains(line, "warning: ") && (contains(line, "ection `.reg-xstate/") || (under_emulation() && emulators));
}

inline std::string without_words_about_the_processor(const std::string &text) {
  std::stringstream lines(text);
  std::string kept, line;
  while (std::getline(lines, line)) {
    if (!is_about_the_processor(line)) kept += line + "\n";
  }
  return kept;
}

/// The gdb for this processor, where programs of it need an emulator with their own libraries.
inline std::string gdb_and_libraries() {
  if (!under_emulation()) return "gdb";
  const char *const libraries = std::getenv("QEMU_LD_PREFIX");
  return std::string("gdb-multiarch -iex 'set sysroot ") + (libraries != nullptr ? libraries : "") + "'";
}

inline std::string gdb(const std::string &core, const std::string &commands) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  const std::string line = "timeout 120 " + gdb_and_libraries() +
                           " -nx -batch -iex 'set debuginfod enabled off' -iex 'set auto-load off' " + commands + " " +
                           program + " " + core + " 2>&1";
  FILE *const pipe = popen(line.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  char buffer[4096];
  while (const std::size_t n = fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, n);
  pclose(pipe);
  return without_words_about_the_processor(output);
}

}  // namespace cores_test

#endif  // CGO_GUARD_TESTS_UNIT_CORES_HPP
