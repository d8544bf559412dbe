// SPDX-License-Identifier: BSL-1.0
// A corrupt heap where malloc is not libc's. In subprocesses, with the allocator loaded in front of libc.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>
#include <string>

#include <dlfcn.h>
#include <unistd.h>

#include <cgo_guard/detail/state/process.hpp>

#include "c_library.hpp"
#include "faults.hpp"
#include "support.hpp"

namespace {

constexpr const char *kind_variable = "CGO_GUARD_HEAP_FAULT";

/// Writes without the heap.
void say(const char *text) { static_cast<void>(!write(1, text, std::strlen(text))); }

struct notices {
  ~notices() { say("[destructor ran]"); }
};

// By its name, because clang 14 declares it only where it is asked to.
extern "C" void sized_delete(void *, std::size_t) __asm__("_ZdlPvm");

void *volatile wild = reinterpret_cast<void *>(std::uintptr_t{0x414141414140});

const struct {
  const char *name;
  void (*cause)();
} heap_faults[] = {
    {"free", [] { std::free(wild); }},
    {"delete", [] { ::operator delete(wild); }},
    {"sized delete", [] { sized_delete(wild, 64); }},
};

/// In a frame of its own: a destructor that runs after the fault is one that this block has registered.
[[gnu::noinline]] void with_something_to_destroy(void (*cause)()) {
  notices n;
  cause();
}

void say_who_allocates() {
  Dl_info info;
  say(dladdr(dlsym(RTLD_DEFAULT, "free"), &info) != 0 ? info.dli_fname : "nobody");
  say(": ");
}

}  // namespace

DEATH_CASE(heap_fault_of_a_kind) {
  say_who_allocates();
  const char *const wanted = std::getenv(kind_variable);
  for (const auto &fault : heap_faults) {
    if (std::strcmp(fault.name, wanted) != 0) continue;
    cgo_guard_error *const error = CGO_GUARD { with_something_to_destroy(fault.cause); };
    if (error == nullptr) {
      say("not noticed");
      return;
    }
    say(error->cleanup == CGO_GUARD_CLEANUP_NONE ? "cleanup none" : "cleaned up");
    cgo_guard_free(error);
    cgo_guard_error *const refused = CGO_GUARD { say(", ran"); };
    if (refused != nullptr) say(refused->code == CGO_GUARD_QUARANTINED ? ", then refused" : ", then failed");
    _exit(0);  // what exit destroys is on that heap
  }
}

DEATH_CASE(heap_fault_that_crashes) {
  cgo_guard_options options = {};
  options.struct_size = sizeof options;
  options.heap_policy = CGO_GUARD_HEAP_CRASH;
  cgo_guard_configure(&options);
  cgo_guard_free(CGO_GUARD { std::free(wild); });
  say("went on");
}

namespace {
/// The environment of a subprocess.
class with_variable {
 public:
  with_variable(const char *name, const std::string &value) : name_(name) { setenv(name, value.c_str(), 1); }
  ~with_variable() { unsetenv(name_); }
  with_variable(const with_variable &) = delete;
  with_variable &operator=(const with_variable &) = delete;

 private:
  const char *name_;
};

std::string beside_the_program(const char *name) {
  return std::filesystem::read_symlink("/proc/self/exe").replace_filename(name).string();
}
std::string jumping_allocator() { return beside_the_program("jumping_allocator.so"); }

death heap_fault(const std::string &allocator, const char *kind) {
  const with_variable preload("LD_PRELOAD", allocator), fault(kind_variable, kind);
  return die(heap_fault_of_a_kind);
}

}  // namespace

TEST_CASE("A corrupt heap is one under jemalloc and tcmalloc as well: nothing runs, and later guards refuse") {
  if (c_library::is_static()) SKIP_CASE(c_library::why_not_static);
  // jemalloc believes the size that a sized delete names, and only puts the block aside.
  const struct {
    const char *library, *kind;
  } cases[] = {{"libjemalloc.so.2", "free"},
               {"libjemalloc.so.2", "delete"},
               {"libtcmalloc_minimal.so.4", "free"},
               {"libtcmalloc_minimal.so.4", "delete"},
               {"libtcmalloc_minimal.so.4", "sized delete"}};
  for (const auto &c : cases) {
    const death d = heap_fault(c.library, c.kind);
    INFO(c.library << ": " << c.kind << ": " << d.output);
    CHECK(d.exit_status == 0);
    CHECK(contains(d.output, std::string(c.library) + ": "));
    CHECK(contains(d.output, "cleanup none, then refused"));
    CHECK(!contains(d.output, "destructor ran"));
  }
}

TEST_CASE("A corrupt heap is known by the function that was called, where it has jumped to another one") {
  if (c_library::is_static()) SKIP_CASE(c_library::why_not_static);
  for (const auto &fault : heap_faults) {
    const death d = heap_fault(jumping_allocator(), fault.name);
    INFO(fault.name << ": " << d.output);
    CHECK(d.exit_status == 0);
    CHECK(contains(d.output, "jumping_allocator.so: "));
    CHECK(contains(d.output, "cleanup none, then refused"));
  }
}

namespace {
void (*own_work)(volatile int *);
volatile int *volatile nowhere;
}  // namespace
DEATH_CASE(fault_in_own_work) {
  say_who_allocates();
  own_work = reinterpret_cast<void (*)(volatile int *)>(dlsym(RTLD_DEFAULT, "write_result"));
  cgo_guard_error *const error = CGO_GUARD {
    with_something_to_destroy([] { own_work(nowhere); });
  };
  say(error == nullptr ? "not noticed" : error->message);
  if (error != nullptr && error->cleanup == CGO_GUARD_CLEANUP_COMPLETE) say(", cleaned up");
  cgo_guard_free(error);
  if ((CGO_GUARD { say(", ran"); }) != nullptr) say(", refused");
}

TEST_CASE("A library that defines malloc beside its own work fails in that work like any other") {
  if (c_library::is_static()) SKIP_CASE(c_library::why_not_static);
  const std::string library = beside_the_program("working_allocator.so");
  {
    const with_variable preload("LD_PRELOAD", library);
    const death d = die(fault_in_own_work);
    INFO(d.output);
    CHECK(contains(d.output, "working_allocator.so: "));
    CHECK(contains(d.output, "[destructor ran]null pointer write at 0x0, cleaned up, ran"));
    CHECK(!contains(d.output, "refused"));
  }
  for (const auto &fault : heap_faults) {
    const death d = heap_fault(library, fault.name);
    INFO(fault.name << ": " << d.output);
    CHECK(contains(d.output, "working_allocator.so: "));
    CHECK(contains(d.output, "cleanup none, then refused"));
  }
}

TEST_CASE("With the policy to crash, a replaced allocator's corrupt heap ends the process as well") {
  for (const std::string &allocator : {std::string("libtcmalloc_minimal.so.4"), jumping_allocator()}) {
    const with_variable preload("LD_PRELOAD", allocator);
    const death d = die(heap_fault_that_crashes);
    INFO(d.output);
    CHECK(d.signal != 0);
    CHECK(!contains(d.output, "went on"));
  }
}

namespace {
std::size_t volatile too_much = PTRDIFF_MAX - 4096;

[[gnu::noinline]] void ask_for_too_much() noexcept { ::operator delete(::operator new(too_much)); }

void say_whether_the_heap_is_sound(const caught &error) {
  say_who_allocates();
  say(error != nullptr ? error->message : "no error");
  say(cgo_guard::detail::heap_is_poisoned() ? " [corrupt]\n" : " [sound]\n");
}
}  // namespace

DEATH_CASE(new_handler_aborts) {
  std::set_new_handler([] { std::abort(); });
  say_whether_the_heap_is_sound(caught(CGO_GUARD { ::operator delete(::operator new(too_much)); }));
}
DEATH_CASE(new_handler_faults) {
  std::set_new_handler([] { faults::write_null(); });
  say_whether_the_heap_is_sound(caught(CGO_GUARD { ::operator delete(::operator new(too_much)); }));
}
DEATH_CASE(bad_alloc_meets_noexcept) {
  say_whether_the_heap_is_sound(caught(CGO_GUARD { ask_for_too_much(); }));
}

TEST_CASE("A new_handler that crashes, and a bad_alloc that ends in std::terminate, are no corrupt heap") {
  if (c_library::is_static()) SKIP_CASE(c_library::why_not_static);
  for (const char *library : {"", "libjemalloc.so.2", "libtcmalloc_minimal.so.4"}) {
    const with_variable preload("LD_PRELOAD", library);
    for (const death &d : {die(new_handler_aborts), die(new_handler_faults), die(bad_alloc_meets_noexcept)}) {
      INFO(library << ": " << d.output);
      CHECK(contains(d.output, library));
      CHECK(contains(d.output, " [sound]\n"));
      CHECK(!contains(d.output, "no error"));
    }
  }
}
