// SPDX-License-Identifier: BSL-1.0
/// @file resolved_frame.hpp
/// A frame of a stack, named.
#ifndef CGO_GUARD_RESOLVED_FRAME_HPP
#define CGO_GUARD_RESOLVED_FRAME_HPP

#include <cstdint>
#include <string>

#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// One function at one address. Unknown texts are empty, unknown numbers 0.
struct resolved_frame {
  const void *address = nullptr;
  std::string function;  ///< demangled
  std::string file;
  int line = 0;
  int column = 0;
  std::string module;                ///< path of the file the code was loaded from
  std::uintptr_t module_offset = 0;  ///< address minus load bias: what addr2line -e module takes
  std::string build_id;              ///< lower-case hex
  bool inlined = false;              ///< has no frame of its own; the next element is its caller
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_RESOLVED_FRAME_HPP
