// SPDX-License-Identifier: BSL-1.0
/// @file thread.hpp
/// Threads that C++ starts, and what becomes of their failures.
///
///     cgo_guard::thread worker(count, path);          std::thread's interface
///     worker.join();                                  throws what ended the worker; in a guard that becomes its error
///
///     void on_packet(…) {                             a thread that somebody else has started
///       cgo_guard::enter_thread([&] { handle(…); });
///     }
///
/// Either runs its body under a guard and on a thread that has an alternate signal stack and no fault's signal blocked,
/// so that exceptions, the seven signals and stack overflow end the body and not the process. A failure that nobody
/// joins goes to cgo_guard_on_thread_error.
#ifndef CGO_GUARD_THREAD_HPP
#define CGO_GUARD_THREAD_HPP

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>

#include "callback.hpp"
#include "enter_thread.hpp"
#include "guard.hpp"

#if CGO_GUARD_HAS_SIGNALS
#include <sys/syscall.h>
#include <unistd.h>
#endif

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// How a thread ended, and who is told. Shared by the thread and the object that stands for it; whichever of the two
/// comes second, of the thread's end and of detach(), sees what the other left, so that a failure is told exactly once.
class thread_outcome {
 public:
  /// By the thread, at its end. @param error owned, or nullptr.
  void finish(cgo_guard_error *error) {
    const std::uintptr_t before = state_.exchange(reinterpret_cast<std::uintptr_t>(error), std::memory_order_acq_rel);
    if (before == nobody_asks && error != nullptr) cgo_guard_v1_thread_failed(error);
  }

  /// By the object, which won't ask any more.
  void disown() {
    const std::uintptr_t before = state_.exchange(nobody_asks, std::memory_order_acq_rel);
    if (before != running) cgo_guard_v1_thread_failed(reinterpret_cast<cgo_guard_error *>(before));
  }

  /// By the object, once the thread has ended. @return the failure, which is the caller's, or nullptr.
  cgo_guard_error *take() noexcept {
    return reinterpret_cast<cgo_guard_error *>(state_.exchange(running, std::memory_order_acq_rel));
  }

  void release() noexcept {
    if (owners_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    if (cgo_guard_v1_heap_is_poisoned()) return;
    delete this;
  }

 private:
  // Also the state of a thread that ended well: there is nothing to tell either.
  static constexpr std::uintptr_t running = 0;
  static constexpr std::uintptr_t nobody_asks = 1;  // errors are aligned: no error is at this address

  std::atomic<std::uintptr_t> state_{running};
  std::atomic<int> owners_{2};
};

struct release_outcome {
  void operator()(thread_outcome *outcome) const noexcept { outcome->release(); }
};
using outcome_owner = std::unique_ptr<thread_outcome, release_outcome>;

/// A failure that left the heap corrupt ends the thread at once: the ordinary end of a thread gives its memory back to
/// that heap, and would crash outside every guard or wait for a lock that is held for ever. The kernel wakes whoever
/// joins. What is lost is the thread's stack, and its thread-local objects are not destroyed.
inline void leave_corrupt_heap_alone() noexcept {
#if CGO_GUARD_HAS_SIGNALS
  if (cgo_guard_v1_heap_is_poisoned()) syscall(SYS_exit, 0);
#endif
}

/// The function and its arguments. They are used once and destroyed under the guard, because destructors may fail too.
template <class Call>
struct thread_call {
  std::unique_ptr<Call> call;

  void operator()() {
    const std::unique_ptr<Call> mine = std::move(call);
    // Through a pointer that the compiler can't see through. It may know that the function throws nothing, and would
    // leave out the cleanup that a fault needs.
    void (*run)(Call &) = [](Call &parts) { invoke(parts, std::make_index_sequence<std::tuple_size_v<Call> - 1>{}); };
    __asm__("" : "+r"(run));
    run(*mine);
  }

  // Not std::apply and std::invoke where they can be done without: they are eight frames in every stack.
  template <std::size_t... I>
  static void invoke(Call &parts, std::index_sequence<I...>) {
    if constexpr (std::is_member_pointer_v<std::tuple_element_t<0, Call>>) {
      std::invoke(std::get<0>(parts), std::move(std::get<I + 1>(parts))...);
    } else {
      std::move(std::get<0>(parts))(std::move(std::get<I + 1>(parts))...);
    }
  }
};

/// Where a thread is started: a default argument of what starts it. A type of its own, so that no argument of a
/// thread's function is taken for it. Not the function: that would often be the operator() of a guarded block.
struct start_site {
  const char *file;
  int line;

  static start_site here(const char *file = __builtin_FILE(), int line = __builtin_LINE()) noexcept {
    return {file, line};
  }
};

template <class Call>
void run_thread(thread_outcome &outcome, thread_call<Call> &body, const start_site &from) {
  prepare_this_thread();
  cgo_guard_error *const error = run_guarded(guard_site{"cgo_guard::thread", from.file, from.line},
                                             &block_thunk<thread_call<Call>>, address_of_block(body));
  const bool failed = error != nullptr;
  outcome.finish(error);
  if (failed) leave_corrupt_heap_alone();
}

}  // namespace detail

/// A std::thread whose function runs under a guard. The interface is std::thread's, and so are its exceptions and its
/// rules: the function and its arguments are copied or moved, and an object that is destroyed or assigned to while
/// joinable calls std::terminate (under a guard: an error; the thread is then detached).
///
/// A thread that is cancelled (pthread_cancel) or ends itself (pthread_exit) has not failed. What runs after the
/// function, the destructors of thread-local objects, is not guarded.
class thread {
 public:
  using id = std::thread::id;
  using native_handle_type = std::thread::native_handle_type;

  thread() noexcept = default;

  /// Starts a thread. @throws std::system_error if there can be no more of them, std::bad_alloc, and what copying the
  /// arguments throws.
  ///
  /// Where it is started is the guard's site in a report. A pack of arguments leaves no room for that behind it, so
  /// those of up to three are spelled out; a thread that is given more has a site without a file.
  template <class Function,
            std::enable_if_t<!std::is_same_v<std::remove_cv_t<std::remove_reference_t<Function>>, thread>, int> = 0>
  explicit thread(Function &&function, detail::start_site from = detail::start_site::here()) {
    start(from, std::forward<Function>(function));
  }
  template <class Function, class A>
  explicit thread(Function &&function, A &&a, detail::start_site from = detail::start_site::here()) {
    start(from, std::forward<Function>(function), std::forward<A>(a));
  }
  template <class Function, class A, class B>
  explicit thread(Function &&function, A &&a, B &&b, detail::start_site from = detail::start_site::here()) {
    start(from, std::forward<Function>(function), std::forward<A>(a), std::forward<B>(b));
  }
  template <class Function, class A, class B, class C>
  explicit thread(Function &&function, A &&a, B &&b, C &&c, detail::start_site from = detail::start_site::here()) {
    start(from, std::forward<Function>(function), std::forward<A>(a), std::forward<B>(b), std::forward<C>(c));
  }
  template <class Function, class A, class B, class C, class D, class... More>
  explicit thread(Function &&function, A &&a, B &&b, C &&c, D &&d, More &&...more) {
    start({"", 0}, std::forward<Function>(function), std::forward<A>(a), std::forward<B>(b), std::forward<C>(c),
          std::forward<D>(d), std::forward<More>(more)...);
  }

  thread(thread &&) noexcept = default;
  thread &operator=(thread &&other) noexcept {
    end();
    native_ = std::move(other.native_);
    outcome_ = std::move(other.outcome_);
    return *this;
  }
  ~thread() { end(); }

  bool joinable() const noexcept { return native_.joinable(); }
  id get_id() const noexcept { return native_.get_id(); }
  native_handle_type native_handle() { return native_.native_handle(); }
  static unsigned hardware_concurrency() noexcept { return std::thread::hardware_concurrency(); }
  void swap(thread &other) noexcept {
    native_.swap(other.native_);
    outcome_.swap(other.outcome_);
  }
  friend void swap(thread &a, thread &b) noexcept { a.swap(b); }

#if defined(__cpp_exceptions)
  /// Waits for the thread's end. @throws what ended it: error with its report, go_error if that was a Go error or
  /// panic. Also std::system_error, as std::thread::join.
  void join() { check(join_report()); }
#endif

  /// Waits for the thread's end, and throws nothing that the thread has done. Works without exceptions.
  /// @return the report of what ended it, owned by the caller, or nullptr if it ended well.
  [[nodiscard]] cgo_guard_error *join_report() {
    native_.join();
    return std::exchange(outcome_, nullptr)->take();
  }

  /// Lets the thread run on by itself. A failure, before or after, goes to cgo_guard_on_thread_error, on the thread
  /// that comes second: this one if the other has failed already.
  void detach() {
    native_.detach();
    std::exchange(outcome_, nullptr)->disown();
  }

 private:
  template <class Function, class... Arguments>
  void start(detail::start_site from, Function &&function, Arguments &&...arguments) {
    static_assert(std::is_invocable_v<std::decay_t<Function>, std::decay_t<Arguments>...>,
                  "cgo_guard::thread: the function can't be called with these arguments, once they are copied or moved "
                  "into the new thread; use std::ref for a reference");
    using call = std::tuple<std::decay_t<Function>, std::decay_t<Arguments>...>;
    detail::thread_call<call> body{
        std::make_unique<call>(std::forward<Function>(function), std::forward<Arguments>(arguments)...)};
    detail::outcome_owner mine(new detail::thread_outcome), its(mine.get());
    native_ =
        std::thread([its = std::move(its), body = std::move(body), from]() mutable { run_thread(*its, body, from); });
    outcome_ = std::move(mine);
  }

  void end() noexcept {
    if (!joinable()) return;
    detach();  // the failure of a thread that nobody waited for is often the reason why
    std::terminate();
  }

  std::thread native_;
  detail::outcome_owner outcome_;
};

CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_THREAD_HPP
