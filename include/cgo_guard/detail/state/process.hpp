// SPDX-License-Identifier: BSL-1.0
/// @file process.hpp
/// The state of the process: one object, shared by every translation unit that includes the header.
#ifndef CGO_GUARD_PROCESS_HPP
#define CGO_GUARD_PROCESS_HPP

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>

#include "../../abi.h"
#include "handler_chain.hpp"
#include "known_functions.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

enum class process_mode : int {
  cold,        ///< no guard has run yet
  before_go,   ///< guards ran in a static constructor, before the Go runtime took the signals
  ready,       ///< handlers are installed: the one mode in which a guard runs without a detour
  displaced,   ///< somebody has put a handler over one of ours since: the next guard goes on top again
  quarantined  ///< the heap is corrupt: guards refuse to run
};

/// The seven signals, in the order of `neighbours`.
constexpr int guarded_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
constexpr int guarded_signal_count = 7;

constexpr const char *signal_name(int number) {
  switch (number) {
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    case SIGILL: return "SIGILL";
    case SIGABRT: return "SIGABRT";
    case SIGTRAP: return "SIGTRAP";
    case SIGSYS: return "SIGSYS";
    default: return "signal";
  }
}

/// Begins a core of a fault that a guard takes (core_on_fault.hpp). @return its name, or nullptr where there is none.
using core_taker = const char *(int signal, const siginfo_t &info, const ucontext_t &context) noexcept;

/// The handler of a signal that was there before Go, which Go passes on to it what happens in C (neighbours.hpp).
struct handler_before_go {
  static constexpr int none = -1;
  std::atomic<int> flags{none};       ///< its sa_flags
  std::atomic<bool> replaced{false};  ///< Go has found it, or that there is none
  bool exists() const noexcept { return flags.load(std::memory_order_relaxed) != none; }
};

/// A text that many threads may want to write, and one does. Nobody sees it before it is whole.
class text_written_once {
 public:
  /// @return where the caller is to write it, before finish(), or nullptr if somebody else does.
  char *begin() noexcept {
    state nobody = state::empty;
    return state_.compare_exchange_strong(nobody, state::begun) ? text_ : nullptr;
  }
  void finish() noexcept { state_.store(state::whole, std::memory_order_release); }
  const char *text() const noexcept { return state_.load(std::memory_order_acquire) == state::whole ? text_ : ""; }

  static constexpr std::size_t size = 256;

 private:
  enum class state : int { empty, begun, whole };
  std::atomic<state> state_{state::empty};
  char text_[size] = {};
};

struct counters {
  std::atomic<std::uint64_t> exceptions{0}, signals{0}, terminates{0}, exits{0}, quarantined{0};
  std::atomic<std::uint64_t> cleanup[3] = {};
  std::atomic<std::uint64_t> pool_exhausted{0}, double_frees{0}, undelivered{0}, forwarded{0};
  std::atomic<std::uint64_t> thread_errors{0}, displaced{0};
};

struct process_state {
  std::atomic<process_mode> mode{process_mode::cold};
  std::atomic<int> heap_policy{CGO_GUARD_HEAP_QUARANTINE};
  std::atomic<bool> catch_exit{false};
  std::atomic<int> neighbours_asked{CGO_GUARD_NEIGHBOURS_AUTO};
  std::atomic<int> crash_fd{2};                  ///< where crashes under no guard are reported; -1 for nowhere
  std::atomic<const char *> crash_file{""};      ///< instead of crash_fd; "" for none. Never freed: a crash may read it
  std::atomic<core_taker *> take_core{nullptr};  ///< nullptr: no cores are asked for
  std::atomic<int> poisoned_by{0};               ///< the signal that showed the heap to be corrupt, 0 while it is sound
  std::atomic<int> crashes_reported{0};
  std::atomic<bool> crashing{false};  ///< a fault of C++ under no guard went to Go, or to nobody: this is the end
  text_written_once poison;           ///< what it did, by the first thread that came to say so
  int process_id = 0;                 ///< who installed the handlers; a fork's child is somebody else
  handler_chain neighbours[guarded_signal_count];
  forwarding_levels forwarding;
  handler_before_go before_go[guarded_signal_count];
  std::uintptr_t inherited_from = 0, inherited_to = 0;  ///< in a fork's child: the stack that was the parent's
  std::terminate_handler saved_terminate = nullptr;
  known_functions known;
  counters count;
};

// By a name that the trampoline can spell, which reads the mode. `used`: nobody sees it do that.
CGO_GUARD_CONSTINIT inline __attribute__((used)) process_state process __asm__("cgo_guard_v1_process");
static_assert(offsetof(process_state, mode) == 0 && static_cast<int>(process_mode::ready) == 2,
              "the trampoline reads this");

inline bool heap_is_poisoned() noexcept { return process.poisoned_by.load(std::memory_order_relaxed) != 0; }

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_PROCESS_HPP
