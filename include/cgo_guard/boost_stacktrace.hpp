// SPDX-License-Identifier: BSL-1.0
/// @file boost_stacktrace.hpp
/// Opt-in: an error's frames as a boost::stacktrace::stacktrace, and Boost's back end for machines without libdw.
///
/// Not part of the umbrella, because it needs Boost. Which back end is used is chosen as for Boost alone, by
/// BOOST_STACKTRACE_USE_BACKTRACE or BOOST_STACKTRACE_USE_ADDR2LINE; its default knows names but no lines.
#ifndef CGO_GUARD_BOOST_STACKTRACE_HPP
#define CGO_GUARD_BOOST_STACKTRACE_HPP

#include <cstddef>
#include <string>

#include <boost/stacktrace.hpp>

#include "abi.h"
#include "config.hpp"
#if CGO_GUARD_HAS_SIGNALS
#include "detail/stack/symbolize.hpp"
#endif

CGO_GUARD_NAMESPACE_BEGIN

/// The recorded frames of an error, innermost first. Where frames were left out of a deep stack, the head is followed
/// directly by the tail: Boost has no notion of a gap.
/// @return a copy, independent of the error. Ordinary context only; may throw std::bad_alloc.
inline boost::stacktrace::stacktrace to_boost(const cgo_guard_error &error) {
  return boost::stacktrace::stacktrace::from_dump(error.frames,
                                                  static_cast<std::size_t>(error.frame_count) * sizeof(void *));
}

#if CGO_GUARD_HAS_SIGNALS  // elsewhere Boost names frames wherever it is there (detail/portable/stacks_portable.hpp)
namespace detail {

inline bool resolve_with_boost(const void *address, std::string &function, std::string &file, int &line) {
  const boost::stacktrace::frame frame(address);
  function = frame.name();
  // Boost gives the address as text where it has no name.
  if (function.compare(0, 2, "0x") == 0) function.clear();
  file = frame.source_file();
  line = static_cast<int>(frame.source_line());
  return !function.empty() || !file.empty();
}

/// Registered by being included: whoever includes this wants it.
inline const bool boost_resolver_registered = (fallback_resolver.store(&resolve_with_boost), true);

}  // namespace detail
#endif
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_BOOST_STACKTRACE_HPP
