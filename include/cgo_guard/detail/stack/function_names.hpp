// SPDX-License-Identifier: BSL-1.0
/// @file function_names.hpp
/// What a demangled name says of its function: where the name itself ends, whether it is one of ours, and in which
/// function a guarded block stands. Strings only, and no question to anybody.
#ifndef CGO_GUARD_FUNCTION_NAMES_HPP
#define CGO_GUARD_FUNCTION_NAMES_HPP

#include <cstddef>
#include <string_view>

#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

inline bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

/// Where a demangled function's own name ends: at its parameter list or at the end. `f(int)` gives 1.
/// Brackets of every kind are skipped, since names contain them: `(anonymous namespace)::f`, `g<void (*)()>`,
/// `{lambda(int)#1}`. `begin` is set to where the name begins: a function template is preceded by its return type.
inline std::size_t name_end(std::string_view name, std::size_t &begin) {
  begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const std::string_view rest = name.substr(i);
    const bool word = i == 0 || name[i - 1] == ' ' || name[i - 1] == ':';
    if (depth == 0 && word && starts_with(rest, "operator")) {
      // What follows may be any bracket, and a space and a type: operator<, operator(), operator new, operator bool.
      std::size_t at = i + 8;
      if (starts_with(name.substr(at), "()")) {
        i = at + 1;
        continue;
      }
      if (at < name.size() && name[at] == ' ') {
        while (at < name.size() && name[at] != '(') ++at;
        return at;
      }
      while (at < name.size() && std::string_view("<>=-!").find(name[at]) != std::string_view::npos) ++at;
      if (at < name.size() && name[at] == ' ') ++at;  // `operator< <int>`
      i = at - 1;
      continue;
    }
    switch (name[i]) {
      case '(':
        if (depth == 0) {
          const bool scope = starts_with(rest, "(anonymous namespace)");
          const bool type = i >= 8 && starts_with(name.substr(i - 8), "decltype");
          const bool spaced_type = i >= 9 && starts_with(name.substr(i - 9), "decltype ");
          if (!scope && !type && !spaced_type) return i;
        }
        ++depth;
        break;
      case '<':
      case '[':
      case '{': ++depth; break;
      case ')':
      case '>':
      case ']':
      case '}': --depth; break;
      case ' ':
        if (depth == 0) begin = i + 1;
        break;
      default: break;
    }
  }
  return name.size();
}

/// Whether a function belongs to this library: its namespace, or the C names of its assembly.
inline bool is_own(std::string_view function) {
  std::size_t begin = 0;
  name_end(function, begin);
  return starts_with(function.substr(begin), "cgo_guard::") || starts_with(function, "cgo_guard_v1_");
}

/// The function that a lambda's type was written in: `ns::f(int)` for `ns::f(int)::{lambda()#1}` (GCC) and
/// `ns::f(int)::$_0` (clang); "" for what is no such type.
inline std::string_view function_around(std::string_view closure) {
  std::size_t at = std::string_view::npos;
  int depth = 0;
  // From the end, since the enclosing function may be a lambda too, and its parameters may be lambdas.
  for (std::size_t i = closure.size(); i-- > 1;) {
    const char c = closure[i];
    if (c == ')' || c == '>' || c == ']' || c == '}') ++depth;
    if (c == '(' || c == '<' || c == '[' || c == '{') --depth;
    if (depth == 0 && c == ':' && closure[i - 1] == ':') {
      at = i + 1;
      break;
    }
  }
  if (at == std::string_view::npos) return {};
  const std::string_view type = closure.substr(at);
  const bool lambda = starts_with(type, "{lambda") || starts_with(type, "<lambda") || starts_with(type, "$_") ||
                      starts_with(type, "'lambda");
  return lambda ? closure.substr(0, at - 2) : std::string_view();
}

/// The function that a lambda's call operator was written in, "" for any other function.
inline std::string_view function_around_call(std::string_view function) {
  const std::size_t call = function.rfind("::operator()");
  if (call == std::string_view::npos) return {};
  // A function template may only have a call operator among its arguments.
  int depth = 0;
  for (const char c : function.substr(0, call)) depth += (c == '<' || c == '(') - (c == '>' || c == ')');
  return depth == 0 ? function_around(function.substr(0, call)) : std::string_view();
}

/// The function that holds the block which a thunk of ours was instantiated for, out of the thunk's own name:
/// `inventory_count` for `void cgo_guard::…::block_thunk<inventory_count::{lambda()#1}>(void*)`. "" if it has none.
inline std::string_view function_around_block(std::string_view thunk) {
  std::size_t begin = 0;
  const std::string_view name = thunk.substr(0, name_end(thunk, begin));
  std::size_t start = name.find('<', begin);
  if (start == std::string_view::npos) return {};
  int depth = 0;
  for (std::size_t i = start++; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '(' || c == '<' || c == '[' || c == '{') ++depth;
    if (c == ')' || c == '>' || c == ']' || c == '}') --depth;
    if (depth > 1 || (depth == 1 && c != ',')) continue;
    std::string_view argument = name.substr(start, i - start);
    while (!argument.empty() && (argument.back() == '&' || argument.back() == ' ')) argument.remove_suffix(1);
    while (!argument.empty() && argument.front() == ' ') argument.remove_prefix(1);
    const std::string_view holder = function_around(argument);
    if (!holder.empty() || depth == 0) return holder;
    start = i + 1;
  }
  return {};
}

/// Whether two names can be of one function. Debug information may give either without its parameters.
inline bool same_function(std::string_view a, std::string_view b) {
  if (a == b) return true;
  std::size_t begin_a = 0, begin_b = 0;
  const std::size_t end_a = name_end(a, begin_a), end_b = name_end(b, begin_b);
  const bool both_complete = end_a != a.size() && end_b != b.size();
  return !both_complete && a.substr(begin_a, end_a - begin_a) == b.substr(begin_b, end_b - begin_b);
}

/// Whether `shorter` is what debug information calls the function `whole`: without its parameters, and perhaps without
/// its namespaces. GCC names the holder of an inlined block like this.
inline bool is_short_for(std::string_view shorter, std::string_view whole) {
  std::size_t begin = 0;
  if (name_end(shorter, begin) != shorter.size()) return false;
  const std::string_view name = whole.substr(0, name_end(whole, begin)).substr(begin);
  if (name.size() == whole.size() || name.size() < shorter.size()) return false;
  const std::string_view scopes = name.substr(0, name.size() - shorter.size());
  const bool at_scope = scopes.empty() || (scopes.size() >= 2 && scopes.substr(scopes.size() - 2) == "::");
  return at_scope && name.substr(scopes.size()) == shorter;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_FUNCTION_NAMES_HPP
