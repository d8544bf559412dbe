// SPDX-License-Identifier: BSL-1.0
// Writes past the end of a local array that reach what the guarded block's frame keeps of its caller, and beyond it.
#include <csignal>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

#include <cgo_guard/detail/unwind/unwind.hpp>

#include "faults.hpp"
#include "support.hpp"

namespace {

namespace arch = cgo_guard::detail::arch;

#define KEEP asm volatile("" ::: "memory")

/// Where the frame that returns into the trampoline keeps the trampoline's frame pointer, and above it the address that
/// it returns to. Every function on the way keeps a frame pointer, by asking for its frame's address.
[[gnu::always_inline]] inline volatile unsigned char *words_of_the_block() {
  auto **frame = static_cast<void **>(__builtin_frame_address(0));
  while (frame[1] != static_cast<const void *>(arch::cgo_guard_v1_returned)) frame = static_cast<void **>(frame[0]);
  return reinterpret_cast<volatile unsigned char *>(frame);
}

enum class afterwards { success, fault, throws };

template <afterwards what>
[[gnu::always_inline]] inline void go_on() {
  if (what == afterwards::fault) faults::write_null();
  if (what == afterwards::throws) throw std::runtime_error("after the smash");
}

/// A function around the guard whose own locals tell whether it got its frame and its registers back.
template <class Block>
[[gnu::noinline]] const char *run_between_witnesses(Block block) {
  volatile unsigned char witness[512];
  for (unsigned char volatile &byte : witness) byte = 0x5a;
  const void *const frame = __builtin_frame_address(0);
  caught error(CGO_GUARD { block(); });
  KEEP;
  for (unsigned char volatile &byte : witness) {
    if (byte != 0x5a) return "corrupt";
  }
  if (frame != __builtin_frame_address(0)) return "corrupt";
  if (!error) return "success";
  return error->code == CGO_GUARD_EXCEPTION ? "exception" : error->number == SIGSEGV ? "fault" : "another error";
}

template <int position, afterwards what>
[[gnu::noinline]] const char *smash_one_byte() {
  return run_between_witnesses([]() __attribute__((always_inline)) {
    volatile unsigned char &byte = words_of_the_block()[position];
    byte = static_cast<unsigned char>(byte ^ 0x41);
    KEEP;
    go_on<what>();
  });
}

constexpr int first_of_return_address = 8, positions = 16;

template <int position, afterwards what>
void smash_in_a_process() {
  std::printf("%s", smash_one_byte<position, what>());
}

/// Registered here, by name, because a process is started for each.
struct byte_case {
  char name[32];
  const char *kind;
  int position;
};
template <afterwards what, int... position>
std::vector<byte_case> register_bytes(const char *kind, std::integer_sequence<int, position...>) {
  static byte_case cases[positions];
  void (*const bodies[])() = {&smash_in_a_process<position, what>...};
  for (int i = 0; i < positions; ++i) {
    cases[i] = {"", kind, i};
    std::snprintf(cases[i].name, sizeof cases[i].name, "smash_%s_%d", kind, i);
    register_death(cases[i].name, bodies[i]);
  }
  return {cases, cases + positions};
}
using all_positions = std::make_integer_sequence<int, positions>;
const auto then_success = register_bytes<afterwards::success>("success", all_positions{});
const auto then_fault = register_bytes<afterwards::fault>("fault", all_positions{});

const auto then_throw = register_bytes<afterwards::throws>("throw", all_positions{});

/// Whether a process ended as one that was never guarded would have.
bool crashed(const death &d) {
  return d.signal == SIGSEGV || d.signal == SIGBUS || d.signal == SIGILL || d.signal == SIGTRAP || d.signal == SIGFPE ||
         d.signal == SIGABRT;
}

/// Overwrites everything from the words of the block upward, to so many bytes beyond its frame, and fails.
template <afterwards what>
[[gnu::noinline]] const char *smash_upward(std::ptrdiff_t beyond) {
  return run_between_witnesses([beyond]() __attribute__((always_inline)) {
    volatile unsigned char *const words = words_of_the_block();
    volatile unsigned char *const trampolines = *reinterpret_cast<volatile unsigned char *volatile *>(words);
    volatile unsigned char *const end = trampolines - arch::frame_pointer_offset + arch::trampoline_sp_offset + beyond;
    for (volatile unsigned char *byte = words; byte < end; ++byte) *byte = 0x41;
    KEEP;
    go_on<what>();
  });
}

DEATH_CASE(smash_the_guard) { std::printf("%s", smash_upward<afterwards::fault>(CGO_GUARD_ROOM + 24)); }

}  // namespace

TEST_CASE("Trap 35: a block that returns with another frame pointer than it was called with has done no harm") {
  for (int i = 0; i < first_of_return_address; ++i) {
    INFO("byte " << i);
    CHECK(run_death(then_success[i].name).output == "success");
  }
}

TEST_CASE("Trap 35: a fault after one byte of the block's saved words was overwritten comes back to the guard") {
  for (const byte_case &c : then_fault) {
    INFO("byte " << c.position);
    CHECK(run_death(c.name).output == "fault");
  }
}

TEST_CASE(
    "Trap 35: a throw after one byte of the block's saved frame pointer was overwritten comes back to the guard") {
  for (int i = 0; i < first_of_return_address; ++i) {
    INFO("byte " << i);
    CHECK(run_death(then_throw[i].name).output == "exception");
  }
}

// Wherever the processor goes then, it runs code; what that does can't be known. It may even be the end of a function
// that restores everything. With the second and third byte it is another function of this program, and which one is
// chance: where the program is loaded is in the bits that are turned.
TEST_CASE("Trap 35: a return to a place that one byte was overwritten of comes back unharmed, or crashes") {
  for (int i = first_of_return_address; i < positions; ++i) {
    if (i == first_of_return_address + 1 || i == first_of_return_address + 2) continue;
    for (const char *const name : {then_success[i].name, then_throw[i].name}) {
      const death d = run_death(name);
      INFO(name << ": " << d.output << ", exit " << d.exit_status << ", signal " << d.signal);
      CHECK((crashed(d) || (d.exit_status == 0 && d.output != "corrupt")));
    }
  }
}

GUARDED_TEST_CASE("Trap 35: a write of up to a kilobyte beyond the block's frame leaves the guard whole") {
  for (std::ptrdiff_t beyond = 8; beyond <= 1024; beyond += 8) {
    INFO(beyond << " bytes");
    CHECK(std::string(smash_upward<afterwards::fault>(beyond)) == "fault");
  }
}

TEST_CASE("Trap 35: a write that reaches the guard's own words ends the process, and writes nowhere else") {
  const death d = die(smash_the_guard);
  INFO(d.output);
  CHECK(crashed(d));
}
