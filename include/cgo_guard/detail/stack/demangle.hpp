// SPDX-License-Identifier: BSL-1.0
/// @file demangle.hpp
/// From the linker's name to the one in the source.
#ifndef CGO_GUARD_DEMANGLE_HPP
#define CGO_GUARD_DEMANGLE_HPP

#include <cstdlib>
#include <string>

#include <cxxabi.h>

#include "../../config.hpp"
#include "fold_names.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// The readable form of a linker name; a name that is not mangled (C, assembly) comes back unchanged. Thread-safe; uses
/// the heap, so not async-signal-safe.
inline std::string demangled(const char *name) {
  // __cxa_demangle reads any text as a type, and would turn a C function called `i` into `int`.
  if (name[0] != '_' || name[1] != 'Z') return name;
  int status = 0;
  char *readable = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  if (readable != nullptr) fold_name(readable);
  std::string result(readable != nullptr ? readable : name);
  std::free(readable);
  return result;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_DEMANGLE_HPP
