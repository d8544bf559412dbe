// SPDX-License-Identifier: BSL-1.0
/// @file base_types.hpp
/// The types that a catch clause could name for an exception: its own and its public, unambiguous bases. errors.Is in
/// Go matches any of them.
#ifndef CGO_GUARD_BASE_TYPES_HPP
#define CGO_GUARD_BASE_TYPES_HPP

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <typeinfo>

#include "exception.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// The types that were found, breadth first, so that the most derived ones come first.
struct base_list {
  static constexpr int size = 64;
  const std::type_info *type[size];
  int count = 0;

  void add(const std::type_info &t) noexcept {
    for (int i = 0; i < count; ++i) {
      if (type[i] == &t || std::strcmp(type[i]->name(), t.name()) == 0) return;
    }
    if (count < size) type[count++] = &t;
  }
  void add_bases_of(const std::type_info &t) noexcept {
    cxx::for_each_base(t, [this](const cxx::base_class &base) noexcept { add(*base.type); });
  }
};

/// One name a line, malloc'ed; nullptr without memory. What std::throw_with_nested adds is left out.
inline char *names_of_types(const exception_view &view) noexcept {
  base_list types;
  types.add(*view.type);
  for (int i = 0; i < types.count; ++i) types.add_bases_of(*types.type[i]);
  char *out = nullptr;
  std::size_t used = 0;
  for (int i = 0; i < types.count; ++i) {
    if (i != 0 && as(view, *types.type[i]) == nullptr) continue;  // private, or there are two of it
    char *const name = type_name(*types.type[i]);
    if (name == nullptr) break;
    if (begins_with(name, "cgo_guard::abi1::")) erase_text(name + std::strlen("cgo_guard::"), std::strlen("abi1::"));
    const std::size_t length = std::strlen(name);
    const bool is_repeated = used > length && std::strncmp(out, name, length) == 0 && out[length] == '\n';
    auto *const longer = is_repeated ? nullptr : static_cast<char *>(std::realloc(out, used + length + 2));
    if (longer != nullptr) {
      out = longer;
      std::memcpy(out + used, name, length);
      std::memcpy(out + used + length, "\n", 2);
      used += length + 1;
    }
    std::free(name);
  }
  return out;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_BASE_TYPES_HPP
