// SPDX-License-Identifier: BSL-1.0
/// @file stack_present.hpp
/// What a reader wants to see of a stack: his functions, without the machinery of abort, throw and guard.
#ifndef CGO_GUARD_STACK_PRESENT_HPP
#define CGO_GUARD_STACK_PRESENT_HPP

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../../config.hpp"
#include "../runtime/cxx.hpp"
#include "../runtime/libc.hpp"
#include "guarded_blocks.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Whether a function is how abort and throw do their work: true of nothing that a reader looks for.
inline bool is_machinery(std::string_view function) {
  static constexpr std::string_view names[] = {
      "pthread_kill", "raise", "tgkill", "abort", "__cxa_throw", "__cxa_rethrow", "__cxa_rethrow_primary_exception",
      "_Unwind_RaiseException", "_Unwind_Resume_or_Rethrow", "__clang_call_terminate",
      // In a static program their frames can't be known before.
      "__assert_fail", "__stack_chk_fail", "__cxa_pure_virtual", "__cxa_deleted_virtual"};
  for (const auto name : names) {
    if (function == name) return true;
  }
  for (const std::string_view name : libc::inner_names_of_abort) {
    if (function == name) return true;
  }
  return function == cxx::check_readable_name || starts_with(function, "std::rethrow_exception(");
}

/// Whether a function is how Go calls C: the border at which a C++ stack ends and the goroutine's begins.
inline bool is_call_from_go(std::string_view function) {
  return function == "runtime.asmcgocall" || function == "runtime.asmcgocall.abi0" ||
         (starts_with(function, "_cgo_") && function.find("_Cfunc_") != std::string_view::npos);
}

/// Turns a resolved stack, or its lower part, into what is printed. A pure function of the frames.
///
/// - At the very top, the frames of abort, raise and throw go.
/// - Guarded blocks get their names, and the other frames of this library go (guarded_blocks.hpp).
/// - At the end, the frames through which Go called go.
/// - GCC's " [clone .cold]" goes from the names.
///
/// @param top false for a part of a stack that doesn't begin at the failure: then nothing is machinery, and nothing may
///        be left. The top of a stack is left unchanged when it would become empty.
inline void present(std::vector<resolved_frame> &frames, bool top = true) {
  for (auto &frame : frames) {
    const std::size_t clone = frame.function.find(" [clone ");
    if (clone != std::string::npos) frame.function.erase(clone);
  }
  while (frames.size() > 1 && is_call_from_go(frames.back().function)) frames.pop_back();
  std::size_t at = 0;
  // Ours come off as well, as long as machinery lies below them: the recording of a throw runs inside of it.
  for (std::size_t i = 0; top && i < frames.size(); ++i) {
    if (is_machinery(frames[i].function)) {
      at = i + 1;
    } else if (!is_own(frames[i].function)) {
      break;
    }
  }
  std::vector<resolved_frame> kept = with_blocks_named(frames, at);
  if (top && kept.empty()) return;
  frames = std::move(kept);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_STACK_PRESENT_HPP
