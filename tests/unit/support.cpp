// SPDX-License-Identifier: BSL-1.0
#include <cgo_guard/detail/signal/handlers.hpp>

#include "support.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

struct named_death {
  const char *name;
  void (*body)();
};

std::vector<named_death> &deaths() {
  static std::vector<named_death> all;
  return all;
}

constexpr const char *variable = "CGO_GUARD_DEATH_CASE";

/// An emulator tells everybody that what it ran has died.
void remove_emulators_words(std::string &output) {
  static constexpr const char begin[] = "qemu: uncaught target signal ";
  for (std::size_t at; (at = output.find(begin)) != std::string::npos;) {
    output.erase(at, std::min(output.find('\n', at), output.size() - 1) - at + 1);
  }
}

/// This program again, by the command that it was started with where a kernel doesn't know how.
void execute_self() {
  char self[PATH_MAX] = {};
  if (readlink("/proc/self/exe", self, sizeof self - 1) <= 0) return;
  if (const char *const emulator = std::getenv(emulator_variable)) {
    if (const char *const preload = std::getenv("LD_PRELOAD")) {  // is for the program, and not for the emulator
      setenv("QEMU_SET_ENV", ("LD_PRELOAD=" + std::string(preload)).c_str(), 1);
      unsetenv("LD_PRELOAD");
    }
    execlp(emulator, emulator, self, static_cast<char *>(nullptr));
  } else {
    execl(self, self, static_cast<char *>(nullptr));
  }
}

}  // namespace

bool under_emulation() { return std::getenv(emulator_variable) != nullptr; }

void take_the_signals() {
  if (cgo_guard_error *error = CGO_GUARD{}) {
    cgo_guard_free(error);
    FAIL("an empty guard failed");
  }
  cgo_guard::detail::install_handlers(true);
}

bool register_death(const char *name, void (*body)()) {
  deaths().push_back({name, body});
  return true;
}

bool run_requested_death(int &exit_status) {
  const char *const wanted = std::getenv(variable);
  if (wanted == nullptr) return false;
  for (const named_death &d : deaths()) {
    if (std::strcmp(d.name, wanted) != 0) continue;
    d.body();
    exit_status = 0;
    return true;
  }
  std::fprintf(stderr, "no death case %s\n", wanted);
  exit_status = 99;
  return true;
}

death run_death(const char *name) {
  int channel[2];
  if (pipe(channel) != 0) return {};
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    dup2(channel[1], 1);
    dup2(channel[1], 2);
    close(channel[0]);
    close(channel[1]);
    setenv(variable, name, 1);
    alarm(20);
    execute_self();
    _exit(98);
  }
  close(channel[1]);
  death result;
  char buffer[4096];
  for (;;) {
    const ssize_t n = read(channel[0], buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    result.output.append(buffer, static_cast<std::size_t>(n));
  }
  close(channel[0]);
  if (under_emulation()) remove_emulators_words(result.output);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status)) result.exit_status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  return result;
}
