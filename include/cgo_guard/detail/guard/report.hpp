// SPDX-License-Identifier: BSL-1.0
/// @file report.hpp
/// The C functions of abi.h: an error as text, its release, options and counters.
#ifndef CGO_GUARD_REPORT_HPP
#define CGO_GUARD_REPORT_HPP

#include <string>

#include "../crash/child_text.hpp"
#include "../crash/core_on_fault.hpp"
#include "../exception/describe.hpp"
#include "../signal/handlers.hpp"
#include "../signal/thread_signals.hpp"
#include "../stack/decorate.hpp"
#include "../stack/stack_text.hpp"
#include "../state/refused_options.hpp"
#include "entry.hpp"
#include "failure.hpp"
#include "roomy_stack.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Runs code that allocates. @return a malloc'ed copy of the string it makes, or nullptr if it failed.
template <class Make>
char *make_text(Make &&make) noexcept {
  if (heap_is_poisoned()) return nullptr;
  char *result = nullptr;
  with_roomy_stack([&]() noexcept {
    const contained outcome = contain([&] {
      const std::string text = make();
      result = copy_text(text.data(), text.size()).data;
    });
    if (outcome.exception != nullptr) end_exception(*outcome.exception);
  });
  return result;
}

constexpr std::size_t text_without_heap_size = 64 * 1024;  // 128 frames of up to 500 bytes

/// Memory without the heap. It is not given back, in a process that is to be restarted.
inline char *text_without_heap() noexcept {
  void *const memory =
      mmap(nullptr, text_without_heap_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory != MAP_FAILED ? static_cast<char *>(memory) : nullptr;
}

/// With names where a child can find them, else raw.
inline std::size_t format_frames_without_heap(const void *const *frames, std::uint64_t count, std::uint32_t head,
                                              std::uint64_t omitted, char *buffer, std::size_t size) noexcept {
  const auto make = [&] { return format_frames(frames, count, head, omitted); };
  const std::size_t length = heap_is_poisoned() ? text_from_child(make, buffer, size) : 0;
  return length != 0 ? length : format_frames_raw(frames, count, head, omitted, buffer, size);
}

/// The stack of an error. Its last frame is that of the guarded block; where there are no symbols it is called after
/// the function that the block stands in.
inline std::string stack_of_error(const cgo_guard_error &e) {
  std::string text = format_frames(e.frames, e.frame_count, e.frames_head, e.frames_omitted, e.modules);
  const std::size_t line = text.rfind("\n0x") + 1;  // npos becomes 0
  const std::size_t end = text.find('\n', line);
  const bool is_last = end != std::string::npos && text.find('\n', end + 1) == text.size() - 1;
  if (e.function[0] == 0 || !is_last || text.compare(line, 2, "0x") != 0) return text;
  std::string function;
  append_visible(function, e.function);
  return text.replace(line, end - line, function);
}

inline std::string describe_error(const cgo_guard_error &e) {
  const bool loader_is_left = e.cleanup != CGO_GUARD_CLEANUP_COMPLETE && any_is_loaders(e.frames, e.frame_count);
  return describe(e, loader_is_left ? loader_lock_sentence : "", e.frame_count != 0 ? stack_of_error(e) : "",
                  cgo_guard_why_no_stack(&e));
}

inline char *stack_without_heap(const cgo_guard_error &e) noexcept {
  char *const text = text_without_heap();
  if (text != nullptr && text_from_child([&] { return stack_of_error(e); }, text, text_without_heap_size) == 0) {
    format_frames_raw(e.frames, e.frame_count, e.frames_head, e.frames_omitted, text, text_without_heap_size);
  }
  return text;
}

/// The whole report by a child, else what can be said in one line, and the stack.
inline char *describe_without_heap(const cgo_guard_error &e) noexcept {
  char *const buffer = text_without_heap();
  if (buffer == nullptr || text_from_child([&] { return describe_error(e); }, buffer, text_without_heap_size) != 0) {
    return buffer;
  }
  char cleanup[256];
  fixed_text text(buffer, text_without_heap_size);
  text.put(e.name).put(": ").put(e.message).put("\ncleanup: ").put(cleanup_sentence(e, cleanup)).put("\nC++ stack:\n");
  format_frames_raw(e.frames, e.frame_count, e.frames_head, e.frames_omitted, buffer + text.size(),
                    text_without_heap_size - text.size());
  return buffer;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

extern "C" __attribute__((used)) inline void cgo_guard_v1_deliver(cgo_guard_error *error,
                                                                  cgo_guard_error **place) noexcept {
  using namespace cgo_guard::detail;
  if (place != nullptr) {
    *place = error;
    return;
  }
  process.count.undelivered.fetch_add(1, std::memory_order_relaxed);
  with_roomy_stack([=]() noexcept { print_undelivered(cgo_guard_describe(error)); });
  cgo_guard_free(error);
}

extern "C" __attribute__((used)) inline bool cgo_guard_v1_heap_is_poisoned(void) noexcept {
  return cgo_guard::detail::heap_is_poisoned();
}

CGO_GUARD_C_API int cgo_guard_guards_signals(void) { return 1; }

CGO_GUARD_C_API int cgo_guard_read_prefix(const void *pointer, uint64_t prefix[3]) {
  using namespace cgo_guard::detail;
  if (!can_be_read(*static_cast<const cgo_guard_error *>(pointer))) return 0;
  std::memcpy(prefix, pointer, prefix_size);
  if (prefix[0] == freed_magic) process.count.double_frees.fetch_add(1, std::memory_order_relaxed);
  return 1;
}

CGO_GUARD_C_API cgo_guard_error *cgo_guard_retain(cgo_guard_error *error) {
  using namespace cgo_guard::detail;
  if (error == nullptr) return nullptr;
  if (!is_live(*error) || !is_of_this_version(*error)) {
    report_misuse("cgo_guard_retain", error, "not a live cgo_guard_error of this version");
  } else {
    retain_error(*error);
  }
  return error;
}

CGO_GUARD_C_API void cgo_guard_free(cgo_guard_error *error) {
  using namespace cgo_guard::detail;
  // Two versions of this header may be in one program, and only the maker of an error knows what else it holds.
  if (error != nullptr && is_live(*error) && !is_of_this_version(*error)) {
    error->release(error);
  } else {
    release_error(error);
  }
}

CGO_GUARD_C_API const char *cgo_guard_stack(cgo_guard_error *error) {
  using namespace cgo_guard::detail;
  if (!can_be_told("cgo_guard_stack", error, &is_live)) return "";
  error_slot &slot = slot_of(*error);
  if (slot.shared || error->frame_count == 0) return "";
  if (slot.stack == nullptr) {
    slot.stack =
        heap_is_poisoned() ? stack_without_heap(*error) : make_text([error] { return stack_of_error(*error); });
  }
  return slot.stack != nullptr ? slot.stack : "";
}

CGO_GUARD_C_API const char *cgo_guard_why_no_stack(const cgo_guard_error *error) {
  if (error == nullptr || error->frame_count != 0 || !cgo_guard::detail::has_stack_of_its_own(*error)) return "";
  return "it could not be walked: where it broke off there are no unwind tables, or it was overwritten";
}

CGO_GUARD_C_API const char *cgo_guard_describe(cgo_guard_error *error) {
  using namespace cgo_guard::detail;
  if (!can_be_told("cgo_guard_describe", error, &is_live)) return "";
  error_slot &slot = slot_of(*error);
  if (slot.shared) return slot.describe;
  if (slot.describe == nullptr) {
    slot.describe =
        heap_is_poisoned() ? describe_without_heap(*error) : make_text([error] { return describe_error(*error); });
  }
  return slot.describe != nullptr ? slot.describe : error->message;
}

CGO_GUARD_C_API char *cgo_guard_format_frames(const void *const *frames, uint64_t count, uint32_t head,
                                              uint64_t omitted, uint64_t modules) {
  using namespace cgo_guard::detail;
  return make_text([=] { return format_frames(frames, count, head, omitted, modules); });
}

CGO_GUARD_C_API size_t cgo_guard_format_frames_raw(const void *const *frames, uint64_t count, uint32_t head,
                                                   uint64_t omitted, char *buffer, size_t size) {
  return cgo_guard::detail::format_frames_without_heap(frames, count, head, omitted, buffer, size);
}

CGO_GUARD_C_API char *cgo_guard_resolve_frames(const void *const *frames, uint64_t count, uint64_t modules) {
  using namespace cgo_guard::detail;
  return make_text([=] { return resolve_table(frames, count, modules); });
}

CGO_GUARD_C_API char *cgo_guard_decorate(const char *report, uint32_t flags) {
  using namespace cgo_guard::detail;
  return make_text([=] { return decorate(report != nullptr ? report : "", flags); });
}

CGO_GUARD_C_API const char *cgo_guard_configure(const cgo_guard_options *options) {
  using namespace cgo_guard::detail;
  if (const char *const refusal = refuse_options(options)) return refusal;
  const char *const file = options->crash_file != nullptr ? options->crash_file : "";
  if (std::strlen(file) > 511) return "cgo_guard_configure: crash_file is longer than 511 bytes";
  const bool same_file = std::strcmp(file, process.crash_file.load()) == 0;
  char *const kept_file = same_file ? nullptr : strdup(file);
  if (!same_file && kept_file == nullptr) return "cgo_guard_configure: there is no memory";
  if (const char *const refusal = configure_cores(*options)) {
    std::free(kept_file);
    return refusal;
  }
  process.crash_fd.store(options->crash_fd == 0 ? STDERR_FILENO : options->crash_fd);
  if (!same_file) process.crash_file.store(kept_file);
  process.heap_policy.store(options->heap_policy);
  process.catch_exit.store(options->catch_exit != 0);
  process.neighbours_asked.store(options->neighbours);
  be_ready();  // so that a crash is reported also where it comes before the first guard
  return nullptr;
}

CGO_GUARD_C_API void cgo_guard_get_stats(cgo_guard_stats *stats) {
  using namespace cgo_guard::detail;
  if (stats == nullptr || stats->struct_size != sizeof *stats) return;
  const counters &c = process.count;
  const std::uint32_t size = stats->struct_size;
  std::memset(stats, 0, sizeof *stats);
  stats->struct_size = size;
  stats->installed = count_installed_handlers();
  stats->exceptions = c.exceptions;
  stats->signals = c.signals;
  stats->terminates = c.terminates;
  stats->exits = c.exits;
  stats->quarantined = c.quarantined;
  stats->cleanup_complete = c.cleanup[CGO_GUARD_CLEANUP_COMPLETE];
  stats->cleanup_partial = c.cleanup[CGO_GUARD_CLEANUP_PARTIAL];
  stats->cleanup_none = c.cleanup[CGO_GUARD_CLEANUP_NONE];
  stats->live_errors = pool.live();
  stats->pool_size = pool.capacity();
  stats->pool_exhausted = c.pool_exhausted;
  stats->double_frees = c.double_frees;
  stats->undelivered = c.undelivered;
  stats->forwarded = c.forwarded;
  stats->thread_errors = c.thread_errors;
  stats->displaced = c.displaced;
  stats->blocked = count_blocked_signals();
  look_after_cores();
  stats->cores_failed = cores.failed;
  stats->cores = cores.begun - stats->cores_failed;
  stats->cores_refused = cores.refused;
  const char *const core_failure = cores.failure.load(std::memory_order_acquire);
  stats->core_failure = core_failure != nullptr ? core_failure : "";
  stats->poisoned_by = process.poison.text();
  stats->guards_signals = 1;
}

CGO_GUARD_C_API uint64_t cgo_guard_live_sites(cgo_guard_live_site *out, uint64_t max) {
  using namespace cgo_guard::detail;
  std::uint64_t count = 0;
  // Contained, because the names of a site are gone with a module that was unloaded.
  const contained outcome = contain([&] { count = count_live_sites(out, max); });
  return outcome.ok ? count : 0;
}

CGO_GUARD_C_API cgo_guard_error *cgo_guard_make_go_error(uint64_t go_value, int32_t go_panic, const char *type,
                                                         uint64_t type_length, const char *message,
                                                         uint64_t message_length) {
  using namespace cgo_guard::detail;
  error_slot *const slot = take_slot(CGO_GUARD_GO, 0);
  if (slot->shared) return &slot->error;
  slot->error.go_value = go_value;
  slot->error.go_panic = go_panic;
  slot->error.thread_id = static_cast<std::int32_t>(syscall(SYS_gettid));
  note_site(*slot, callback_site, "", 0);
  std::snprintf(slot->name, sizeof slot->name, "%.*s", static_cast<int>(type_length), type);
  slot->error.name = slot->name;
  if (heap_is_poisoned()) {
    std::snprintf(slot->message, sizeof slot->message, "%.*s", static_cast<int>(message_length), message);
    set_message_in_place(*slot);
  } else {
    set_message(*slot, copy_text(message, message_length));
  }
  return &slot->error;
}

CGO_GUARD_C_API uint64_t cgo_guard_take_released_go_values(uint64_t *out, uint64_t max) {
  return cgo_guard::detail::go_values.take(out, max);
}

CGO_GUARD_C_API const uint32_t *cgo_guard_released_go_values(void) { return cgo_guard::detail::go_values.pending(); }

#endif  // CGO_GUARD_REPORT_HPP
