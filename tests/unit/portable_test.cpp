// SPDX-License-Identifier: BSL-1.0
/// @file portable_test.cpp
/// The guard of platforms where signals can't be guarded, compiled for this one with -DCGO_GUARD_HAS_SIGNALS=0.

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <pthread.h>
#include <unistd.h>

#include <cgo_guard.h>

#include <cgo_guard/thread.hpp>

#include "catch.hpp"

namespace {

struct error_deleter {
  void operator()(cgo_guard_error *error) const { cgo_guard_free(error); }
};
using caught = std::unique_ptr<cgo_guard_error, error_deleter>;

std::string message_of(const caught &error) { return std::string(error->message, error->message_length); }

template <class T>
caught thrown(T value) {
  return caught(CGO_GUARD { throw value; });
}

cgo_guard_stats stats() {
  cgo_guard_stats result = {};
  result.struct_size = sizeof result;
  cgo_guard_get_stats(&result);
  return result;
}

/// What the process writes to stderr during `run`.
template <class Run>
std::string printed_by(Run &&run) {
  std::FILE *const file = std::tmpfile();
  REQUIRE(file != nullptr);
  std::fflush(stderr);
  const int before = dup(2);
  dup2(fileno(file), 2);
  run();
  std::fflush(stderr);
  dup2(before, 2);
  close(before);
  std::string text(4096, 0);
  std::rewind(file);
  text.resize(std::fread(&text[0], 1, text.size(), file));
  std::fclose(file);
  return text;
}

bool contains(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }

struct plain_struct {
  int value = 7;
};

struct says_null : std::exception {
  const char *what() const noexcept override { return nullptr; }
};

struct counted {
  static int live;
  counted() { ++live; }
  counted(const counted &) { ++live; }
  ~counted() { --live; }
};
int counted::live = 0;

int guard_line = 0;
cgo_guard_error *fail_here() {
  guard_line = __LINE__ + 1;
  return CGO_GUARD { throw std::out_of_range("index 7"); };
}

std::string text_or_error(bool fail, cgo_guard_error **error) {
  return CGO_GUARD_VALUE(error) {
    if (fail) throw std::runtime_error("no value");
    return std::string(1000, 'x');
  };
}

}  // namespace

TEST_CASE("The portable guard yields NULL for success and the whole error for an exception") {
  CHECK(caught(CGO_GUARD{}) == nullptr);
  const caught error(fail_here());
  REQUIRE(error);
  CHECK(error->magic == CGO_GUARD_MAGIC);
  CHECK(error->abi_version == CGO_GUARD_ABI_VERSION);
  CHECK(error->struct_size == sizeof(cgo_guard_error));
  CHECK(error->code == CGO_GUARD_EXCEPTION);
  CHECK(error->number == 0);
  CHECK(error->thread_id == gettid());
  CHECK(error->cleanup == CGO_GUARD_CLEANUP_COMPLETE);
  CHECK(std::string(error->name) == "std::out_of_range");
  CHECK(message_of(error) == "index 7");
  CHECK(std::string(error->category).empty());
  CHECK(std::string(error->function) == "fail_here");
  CHECK(std::string(error->file) == __FILE__);
  CHECK(error->line == guard_line);
  CHECK(error->cause == nullptr);
}

TEST_CASE("The portable guard reads every thrown type") {
  CHECK(std::string(thrown(42)->name) == "int");
  CHECK(message_of(thrown(42)) == "42");
  CHECK(std::string(thrown("text")->name) == "char const*");
  CHECK(message_of(thrown("text")) == "text");
  CHECK(message_of(thrown(static_cast<const char *>(nullptr))) == "(a null char pointer)");
  CHECK(message_of(thrown(std::string("a\0b", 3))) == std::string("a\0b", 3));
  CHECK(message_of(thrown(true)) == "true");
  CHECK(message_of(thrown('c')) == "c");
  CHECK(message_of(thrown(2.5)) == "2.5");
  CHECK(message_of(thrown(2.5f)) == "2.5");
  CHECK(message_of(thrown(static_cast<short>(-3))) == "-3");
  CHECK(message_of(thrown(static_cast<unsigned short>(3))) == "3");
  CHECK(message_of(thrown(4u)) == "4");
  CHECK(message_of(thrown(-5L)) == "-5");
  CHECK(message_of(thrown(5uL)) == "5");
  CHECK(message_of(thrown(-6LL)) == "-6");
  CHECK(message_of(thrown(6uLL)) == "6");
  CHECK(message_of(thrown(says_null())) == "(what() returned NULL)");
  CHECK(contains(thrown(plain_struct())->name, "plain_struct"));
  CHECK(message_of(thrown(plain_struct())) == "(an object of this type carries no message)");
}

TEST_CASE("The portable guard has the number and the category of an error_code") {
  const caught posix = thrown(std::system_error(ENOENT, std::generic_category(), "open"));
  CHECK(posix->number == ENOENT);
  CHECK(std::string(posix->category) == "generic");
  const caught file(CGO_GUARD { static_cast<void>(std::filesystem::file_size("/does/not/exist")); });
  REQUIRE(file);
  CHECK(contains(file->name, "filesystem_error"));
  CHECK(file->number == ENOENT);
}

TEST_CASE("The portable guard follows nested exceptions") {
  const caught error(CGO_GUARD {
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
  REQUIRE(error->cause);
  CHECK(std::string(error->cause->message) == "middle");
  REQUIRE(error->cause->cause);
  CHECK(std::string(error->cause->cause->name) == "std::out_of_range");
  CHECK(error->cause->cause->cause == nullptr);
  const std::string report = cgo_guard_describe(error.get());
  INFO(report);
  CHECK(contains(report, "cause:   std::out_of_range: innermost"));
}

TEST_CASE("The portable guard leaves no exception and no errno behind, and destroys the object once") {
  counted::live = 0;
  errno = EINTR;
  { const caught error = thrown(counted()); }
  CHECK(errno == 0);
  CHECK(counted::live == 0);
  CHECK(std::current_exception() == nullptr);
  CHECK(std::uncaught_exceptions() == 0);
}

TEST_CASE("The portable value form returns the value, or a default and the error") {
  auto *error = reinterpret_cast<cgo_guard_error *>(1);
  CHECK(text_or_error(false, &error).size() == 1000);
  CHECK(error == nullptr);
  CHECK(text_or_error(true, &error).empty());
  const caught owned(error);
  REQUIRE(owned);
  CHECK(message_of(owned) == "no value");
}

TEST_CASE("A portable failure with a NULL error pointer is printed, not lost") {
  const auto before = stats();
  const std::string said = printed_by([] { text_or_error(true, nullptr); });
  INFO(said);
  CHECK(contains(said, "no value"));
  CHECK(contains(said, "NULL error pointer"));
  CHECK(stats().undelivered == before.undelivered + 1);
  CHECK(stats().live_errors == before.live_errors);
}

TEST_CASE("A second free of a portable error is recognised, reported once, and does no harm") {
  cgo_guard_error *const error = thrown(1).release();
  const auto before = stats();
  cgo_guard_free(error);
  CHECK(stats().live_errors == before.live_errors - 1);
  const std::string said = printed_by([error] {
    cgo_guard_free(error);
    cgo_guard_free(error);
  });
  INFO(said);
  CHECK(stats().double_frees == before.double_frees + 2);
  CHECK(contains(said, "already freed"));
  CHECK(said.find("cgo_guard_free") == said.rfind("cgo_guard_free"));
  CHECK(contains(printed_by([error] { CHECK(std::string(cgo_guard_stack(error)).empty()); }), "not a live"));
  // Sixty-four others may be freed before its place is used again.
  const caught next = thrown(2);
  CHECK(next.get() != error);
  cgo_guard_free(nullptr);
}

TEST_CASE("Portable errors are used again after a while, so their memory is bounded") {
  const auto before = stats();
  std::vector<cgo_guard_error *> seen;
  bool again = false;
  for (int i = 0; i < 300 && !again; ++i) {
    const caught error = thrown(i);
    for (const cgo_guard_error *other : seen) again = again || other == error.get();
    seen.push_back(error.get());
  }
  CHECK(again);
  CHECK(stats().live_errors == before.live_errors);
}

TEST_CASE("On eight threads every portable error belongs to its call") {
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([t, &wrong] {
      for (int i = 0; i < 500; ++i) {
        const std::string token = std::to_string(t) + ":" + std::to_string(i);
        const caught error(CGO_GUARD { throw std::runtime_error(token); });
        if (!error || message_of(error) != token) ++wrong;
      }
    });
  }
  for (std::thread &t : threads) t.join();
  CHECK(wrong == 0);
}

TEST_CASE("The portable guard says that it guards no signals, and refuses what would need them") {
  CHECK(CGO_GUARD_GUARDS_SIGNALS == 0);
  CHECK(cgo_guard_guards_signals() == 0);
  CHECK(stats().guards_signals == 0);
  CHECK(stats().installed == 0);
  CHECK(std::string(stats().poisoned_by).empty());
  cgo_guard_options options = {};
  CHECK(contains(cgo_guard_configure(nullptr), "NULL"));
  CHECK(contains(cgo_guard_configure(&options), "struct_size"));
  options.struct_size = sizeof options;
  options.heap_policy = 3;
  CHECK(contains(cgo_guard_configure(&options), "heap_policy"));
  options.heap_policy = CGO_GUARD_HEAP_CONTINUE;

  const auto refusal = [&](auto cgo_guard_options::*member, auto value) {
    cgo_guard_options changed = options;
    changed.*member = value;
    const char *const said = cgo_guard_configure(&changed);
    return std::string(said != nullptr ? said : "taken");
  };
  for (const std::string &said :
       {refusal(&cgo_guard_options::core_dir, "/tmp"), refusal(&cgo_guard_options::crash_file, "/tmp/crashes"),
        refusal(&cgo_guard_options::crash_fd, 1)}) {
    INFO(said);
    CHECK(said.find("signals are not guarded here") != std::string::npos);
  }
  CHECK(contains(refusal(&cgo_guard_options::catch_exit, 1).c_str(), "exit"));
  CHECK(contains(refusal(&cgo_guard_options::neighbours, 3).c_str(), "neighbours"));
  CHECK(contains(refusal(&cgo_guard_options::crash_fd, -2).c_str(), "crash_fd"));
  // What holds without them.
  CHECK(refusal(&cgo_guard_options::core_dir, "") == "taken");
  CHECK(refusal(&cgo_guard_options::crash_fd, -1) == "taken");
  CHECK(refusal(&cgo_guard_options::neighbours, CGO_GUARD_NEIGHBOURS_LAST) == "taken");
  CHECK(refusal(&cgo_guard_options::heap_policy, CGO_GUARD_HEAP_CRASH) == "taken");
  CHECK(std::string(stats().core_failure).empty());
}

TEST_CASE("The portable guard touches no signal handler") {
  static_cast<void>(thrown(1));
  for (const int number : {SIGBUS, SIGTRAP, SIGSYS}) {
    struct sigaction current;
    REQUIRE(sigaction(number, nullptr, &current) == 0);
    CHECK(current.sa_handler == SIG_DFL);
  }
}

namespace {
/// Debian's libc++ is linked with LLVM's libunwind, and glibc's pthread_exit unwinds by libgcc. A program dies of the
/// two as soon as there is a catch clause on the stack, with a guard or without.
#if defined(__GLIBC__) && defined(_LIBCPP_VERSION)
#define SKIP_WHERE_PTHREAD_EXIT_CRASHES SKIP_CASE("with libc++ and glibc, pthread_exit crashes in any catch clause")
#else
#define SKIP_WHERE_PTHREAD_EXIT_CRASHES static_cast<void>(0)
#endif

bool cleaned_up = false, returned = false;
struct on_exit {
  ~on_exit() { cleaned_up = true; }
};
void *leaves(void *) {
  cgo_guard_error *const error = CGO_GUARD {
    on_exit c;
    pthread_exit(nullptr);
  };
  returned = true;
  cgo_guard_free(error);
  return nullptr;
}
}  // namespace

TEST_CASE("pthread_exit passes through a portable guard, and runs its destructors") {
  SKIP_WHERE_PTHREAD_EXIT_CRASHES;
  pthread_t thread;
  REQUIRE(pthread_create(&thread, nullptr, leaves, nullptr) == 0);
  pthread_join(thread, nullptr);
#if defined(__GLIBC__)  // others, musl and macOS among them, unwind nothing then
  CHECK(cleaned_up);
#endif
  CHECK_FALSE(returned);
}

TEST_CASE("The exception of a thread reaches join, and that of a detached one is told or printed") {
  cgo_guard::thread worker([](int item) { throw std::out_of_range("item " + std::to_string(item)); }, 7);
  try {
    worker.join();
    FAIL("join returned");
  } catch (const cgo_guard::error &e) {
    CHECK(std::string(e.what()) == "item 7");
    CHECK(std::string(e.report()->name) == "std::out_of_range");
  }

  static std::string told;
  const std::uint64_t before = stats().thread_errors;
  const auto fails = [] { CHECK_FALSE(cgo_guard::enter_thread([] { throw std::runtime_error("unclaimed"); })); };
  cgo_guard_on_thread_error([](cgo_guard_error *error) { told = message_of(caught(error)); });
  std::thread(fails).join();
  cgo_guard_on_thread_error(nullptr);
  CHECK(told == "unclaimed");
  const std::string printed = printed_by([&] { std::thread(fails).join(); });
  CHECK(printed.find("nobody joins it") != std::string::npos);
  CHECK(printed.find("std::runtime_error: unclaimed") != std::string::npos);
  CHECK(stats().thread_errors == before + 2);
}

TEST_CASE("It is known which portable guard the errors are from that nobody has released") {
  cgo_guard_live_site sites[8];
  const std::uint64_t before = cgo_guard_live_sites(sites, 8);
  {
    caught a(CGO_GUARD { throw 1; });
    caught b(cgo_guard_make_go_error(0, 0, "T", 1, "m", 1));
    REQUIRE(cgo_guard_live_sites(sites, 8) == before + 2);
  }
  CHECK(cgo_guard_live_sites(sites, 8) == before);
}

TEST_CASE("pthread_exit ends a thread without being a failure") {
  SKIP_WHERE_PTHREAD_EXIT_CRASHES;
  cgo_guard::thread worker([] { pthread_exit(nullptr); });
  CHECK(worker.join_report() == nullptr);
}
