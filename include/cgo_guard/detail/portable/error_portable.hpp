// SPDX-License-Identifier: BSL-1.0
/// @file error_portable.hpp
/// Errors where signals can't be guarded: what they say, and the C functions of abi.h on them.
#ifndef CGO_GUARD_ERROR_PORTABLE_HPP
#define CGO_GUARD_ERROR_PORTABLE_HPP

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "../exception/describe.hpp"
#include "../stack/decorate.hpp"
#include "../state/refused_options.hpp"
#include "error_store_portable.hpp"
#include "frame_names_portable.hpp"
#include "stacks_portable.hpp"

extern "C" const char *cgo_guard_describe(cgo_guard_error *error);

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Where it is not, by what the platform and the compiler have; else why one may be missing all the same.
#if CGO_GUARD_RECORDS_THROWS
constexpr const char *why_no_stack =
    "it was not recorded: it was not thrown by way of this program's __cxa_throw (which a static program has no say "
    "in, nor in a library's own), or under another guard, or in another language";
#else
constexpr const char *why_no_stack = "it was not recorded: " CGO_GUARD_WHY_NO_STACKS;
#endif

/// @return a malloc'ed copy of the string that `make` makes, or nullptr without memory.
template <class Make>
char *make_text(Make &&make) noexcept {
  try {
    const std::string text = make();
    auto *const copy = static_cast<char *>(std::malloc(text.size() + 1));
    if (copy != nullptr) std::memcpy(copy, text.c_str(), text.size() + 1);
    return copy;
  } catch (...) {
    return nullptr;
  }
}

inline std::string stack_of_portable(const cgo_guard_error &e) {
  return e.frame_count == 0
             ? std::string()
             : format_frames_portable(e.frames, e.frame_count, e.frames_head, e.frames_omitted, e.function);
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

CGO_GUARD_C_API int cgo_guard_read_prefix(const void *pointer, uint64_t prefix[3]) {
  using namespace cgo_guard::detail;
  std::memcpy(prefix, pointer, 3 * sizeof prefix[0]);
  if (prefix[0] == freed_magic) portable_count.double_frees.fetch_add(1, std::memory_order_relaxed);
  return 1;
}

CGO_GUARD_C_API cgo_guard_error *cgo_guard_retain(cgo_guard_error *error) {
  using namespace cgo_guard::detail;
  if (error == nullptr) return nullptr;
  if (!is_live(*error) || error->abi_version != CGO_GUARD_ABI_VERSION) {
    report_misuse("cgo_guard_retain", error, "not a live cgo_guard_error of this version");
  } else {
    slot_of(*error).owners.fetch_add(1, std::memory_order_relaxed);
  }
  return error;
}

CGO_GUARD_C_API void cgo_guard_free(cgo_guard_error *error) {
  using namespace cgo_guard::detail;
  while (error != nullptr) {
    std::uint64_t magic = CGO_GUARD_MAGIC;
    if (is_live(*error)) {
      portable_error &slot = slot_of(*error);
      if (slot.shared) return;
      if (slot.owners.load(std::memory_order_acquire) > 1 && slot.owners.fetch_sub(1, std::memory_order_acq_rel) > 1)
        return;
    }
    if (!__atomic_compare_exchange_n(&error->magic, &magic, freed_magic, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
      if (portable_count.double_frees.fetch_add(1, std::memory_order_relaxed) == 0) {
        report_misuse("cgo_guard_free", error, why_not_freed(magic));
      }
      return;
    }
    portable_error &slot = slot_of(*error);
    cgo_guard_free(slot.origin);
    error = slot.error.cause;
    std::free(slot.owned_name);
    std::free(slot.owned_types);
    std::free(slot.owned_message);
    std::free(slot.owned_translation);
    std::free(slot.described);
    std::free(slot.stack);
    portable_count.live.fetch_sub(1, std::memory_order_relaxed);
    if (slot.origin == nullptr && slot.error.go_value != 0) {
      error_store.keep_go_value(slot);
    } else {
      error_store.give_back(slot);
    }
  }
}

CGO_GUARD_C_API uint64_t cgo_guard_live_sites(cgo_guard_live_site *out, uint64_t max) {
  return cgo_guard::detail::error_store.count_live_sites(out, max);
}

CGO_GUARD_C_API uint64_t cgo_guard_take_released_go_values(uint64_t *out, uint64_t max) {
  return cgo_guard::detail::error_store.take_go_values(out, max);
}

CGO_GUARD_C_API const uint32_t *cgo_guard_released_go_values(void) { return cgo_guard::detail::error_store.pending(); }

CGO_GUARD_C_API const char *cgo_guard_stack(cgo_guard_error *error) {
  using namespace cgo_guard::detail;
  if (!can_be_told("cgo_guard_stack", error, &is_live) || error->frame_count == 0) return "";
  portable_error &slot = slot_of(*error);
  if (slot.stack == nullptr) slot.stack = make_text([error] { return stack_of_portable(*error); });
  return slot.stack != nullptr ? slot.stack : "";
}

CGO_GUARD_C_API int cgo_guard_guards_signals(void) { return 0; }

CGO_GUARD_C_API const char *cgo_guard_why_no_stack(const cgo_guard_error *error) {
  using namespace cgo_guard::detail;
  return error != nullptr && error->frame_count == 0 && has_stack_of_its_own(*error) ? why_no_stack : "";
}

CGO_GUARD_C_API const char *cgo_guard_describe(cgo_guard_error *error) {
  using namespace cgo_guard::detail;
  if (!can_be_told("cgo_guard_describe", error, &is_live)) return "";
  portable_error &slot = slot_of(*error);
  if (slot.shared) return error->message;
  if (slot.described == nullptr)
    slot.described =
        make_text([error] { return describe(*error, "", stack_of_portable(*error), cgo_guard_why_no_stack(error)); });
  return slot.described != nullptr ? slot.described : error->message;
}

CGO_GUARD_C_API size_t cgo_guard_format_frames_raw(const void *const *frames, uint64_t count, uint32_t head,
                                                   uint64_t omitted, char *buffer, size_t size) {
  return cgo_guard::detail::format_frames_raw_portable(frames, count, head, omitted, buffer, size);
}

CGO_GUARD_C_API char *cgo_guard_format_frames(const void *const *frames, uint64_t count, uint32_t head,
                                              uint64_t omitted, uint64_t) {
  using namespace cgo_guard::detail;
  return make_text([=] { return format_frames_portable(frames, count, head, omitted, ""); });
}

CGO_GUARD_C_API char *cgo_guard_resolve_frames(const void *const *frames, uint64_t count, uint64_t) {
  using namespace cgo_guard::detail;
  return make_text([=] { return table_of(resolve_portable(frames, count)); });
}

CGO_GUARD_C_API char *cgo_guard_decorate(const char *report, uint32_t flags) {
  using namespace cgo_guard::detail;
  return make_text([=] { return decorate(report != nullptr ? report : "", flags); });
}

/// What would have to be done by a handler of signals is refused. The other options hold by themselves: of a heap that
/// is known to be corrupt, which here it never is, and of when a neighbour's handler comes, which always has the
/// signal.
CGO_GUARD_C_API const char *cgo_guard_configure(const cgo_guard_options *options) {
  if (const char *const refusal = cgo_guard::detail::refuse_options(options)) return refusal;
  if (options->core_dir != nullptr && options->core_dir[0] != 0) {
    return "cgo_guard_configure: core_dir: signals are not guarded here, so there are no faults to take cores of";
  }
  if ((options->crash_file != nullptr && options->crash_file[0] != 0) || options->crash_fd > 0) {
    return "cgo_guard_configure: crash_file, crash_fd: signals are not guarded here, so no crash is reported";
  }
  if (options->catch_exit != 0) {
    return "cgo_guard_configure: catch_exit: only exceptions are guarded here, and exit() throws none";
  }
  return nullptr;
}

CGO_GUARD_C_API void cgo_guard_get_stats(cgo_guard_stats *stats) {
  using namespace cgo_guard::detail;
  if (stats == nullptr || stats->struct_size != sizeof *stats) return;
  std::memset(stats, 0, sizeof *stats);
  stats->struct_size = sizeof *stats;
  stats->exceptions = stats->cleanup_complete = portable_count.exceptions;
  stats->live_errors = portable_count.live;
  stats->pool_exhausted = portable_count.exhausted;
  stats->double_frees = portable_count.double_frees;
  stats->undelivered = portable_count.undelivered;
  stats->thread_errors = portable_count.thread_errors;
  stats->core_failure = stats->poisoned_by = "";
}

#endif  // CGO_GUARD_ERROR_PORTABLE_HPP
