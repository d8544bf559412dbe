// SPDX-License-Identifier: BSL-1.0
/// @file abort.hpp
/// Who has called abort, and what libc has said of it. Async-signal-safe.
#ifndef CGO_GUARD_ABORT_HPP
#define CGO_GUARD_ABORT_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../state/process.hpp"
#include "../state/record.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

// How far from the signal the frames of raise, abort and std::terminate can reach: ten, seen with a noexcept violation.
constexpr std::uint64_t machinery_depth = 16;

/// For each frame from a SIGABRT on, up to machinery_depth. @param since_abort -1 before the first.
inline void notice_abort(std::uintptr_t call_site, int &since_abort, fault_facts &fault) noexcept {
  if (since_abort >= 0) ++since_abort;
  if (process.known.is_abort(call_site)) since_abort = 0;
  if (since_abort == 1) fault.from_libc = process.known.is_libc(call_site);
}

/// libc's last words, copied with reads that may fail: another thread that aborts too replaces and unmaps them.
inline void copy_abort_message(char *out, std::size_t size) noexcept {
  const std::uintptr_t text = process.known.last_words().text();
  out[0] = 0;
  if (text == 0) return;
  std::size_t length = 0;
  for (; length + sizeof(std::uintptr_t) < size; length += sizeof(std::uintptr_t)) {
    std::uintptr_t word = 0;
    if (arch::cgo_guard_v1_load(text + length, &word) == 0) break;
    std::memcpy(out + length, &word, sizeof word);
    if (std::memchr(&word, 0, sizeof word) != nullptr) return;
  }
  out[length] = 0;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ABORT_HPP
