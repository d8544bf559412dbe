// SPDX-License-Identifier: BSL-1.0
/// @file refused_options.hpp
/// Options that neither guard takes.
#ifndef CGO_GUARD_REFUSED_OPTIONS_HPP
#define CGO_GUARD_REFUSED_OPTIONS_HPP

#include "../../abi.h"
#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// @return NULL or what is wrong with them.
inline const char *refuse_options(const cgo_guard_options *options) noexcept {
  if (options == nullptr) return "cgo_guard_configure: options is NULL";
  if (options->struct_size != sizeof *options) {
    return "cgo_guard_configure: struct_size is not sizeof(cgo_guard_options); header and caller differ in version";
  }
  if (options->heap_policy < CGO_GUARD_HEAP_QUARANTINE || options->heap_policy > CGO_GUARD_HEAP_CRASH) {
    return "cgo_guard_configure: heap_policy is none of quarantine, continue, crash";
  }
  if (options->neighbours < CGO_GUARD_NEIGHBOURS_AUTO || options->neighbours > CGO_GUARD_NEIGHBOURS_LAST) {
    return "cgo_guard_configure: neighbours is none of auto, first, last";
  }
  if (options->crash_fd < -1) return "cgo_guard_configure: crash_fd is no file descriptor; -1 is for no report at all";
  return nullptr;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_REFUSED_OPTIONS_HPP
