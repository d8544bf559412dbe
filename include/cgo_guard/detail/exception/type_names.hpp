// SPDX-License-Identifier: BSL-1.0
/// @file type_names.hpp
/// The readable names of thrown types. Demangling takes a third of a microsecond, a third of a throw, and a program
/// throws few types.
#ifndef CGO_GUARD_TYPE_NAMES_HPP
#define CGO_GUARD_TYPE_NAMES_HPP

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <typeinfo>

#include <cxxabi.h>

#include "../frames/frame_cache.hpp"
#include "../runtime/cxx.hpp"
#include "../stack/fold_names.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// What std::throw_with_nested throws is a class of its own, derived from the type that the user named.
inline void take_nested_wrapper_off(char *name) noexcept {
  const std::size_t length = std::strlen(name);
  for (const char *const wrapper : {CGO_GUARD_CXX_NESTED_WRAPPERS}) {
    const std::size_t prefix = std::strlen(wrapper);
    if (!begins_with(name, wrapper) || length <= prefix || name[length - 1] != '>') continue;
    std::size_t inner = length - prefix - 1;
    std::memmove(name, name + prefix, inner);
    while (inner > 0 && name[inner - 1] == ' ') --inner;  // "> >", as a nested template ends
    name[inner] = 0;
    return;
  }
}

/// The demangled name, malloc'ed; nullptr only without memory.
inline char *type_name(const std::type_info &type) noexcept {
  int status = 0;
  char *const name = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  if (name == nullptr) return strdup(type.name());
  fold_name(name);
  take_nested_wrapper_off(name);
  return name;
}

/// Texts about types that are kept for ever, of types in modules that stay (lasting_facts). Never emptied, lock-free.
class lasting_type_names {
 public:
  /// @param make makes the text, malloc'ed, where it isn't known yet.
  /// @return nullptr where it can't be kept: another module's, or the table is full there.
  template <class Make>
  const char *find(const std::type_info &type, Make &&make) noexcept {
    const char *const mangled = type.name();
    const auto address = reinterpret_cast<std::uintptr_t>(mangled);
    if (!lasting.is_allowed(address)) return nullptr;
    for (std::size_t i = slot_of_pc(address), probes = 0; probes < 4; ++i, ++probes) {
      slot &s = slots_[i % size];
      const char *owner = s.mangled.load(std::memory_order_acquire);
      if (owner == nullptr && s.mangled.compare_exchange_strong(owner, mangled)) owner = mangled;
      if (owner != mangled) continue;
      if (const char *name = s.name.load(std::memory_order_acquire)) return name;
      char *const name = make(type);
      const char *expected = nullptr;
      if (s.name.compare_exchange_strong(expected, name, std::memory_order_acq_rel)) return name;
      std::free(name);  // another thread was faster
      return expected;
    }
    return nullptr;
  }

 private:
  static constexpr std::size_t size = 256;
  struct slot {
    std::atomic<const char *> mangled;
    std::atomic<const char *> name;
  };
  slot slots_[size] = {};
};

CGO_GUARD_CONSTINIT inline lasting_type_names type_names;   // the name of a type
CGO_GUARD_CONSTINIT inline lasting_type_names catch_names;  // those of all that can catch it (base_types.hpp)

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_TYPE_NAMES_HPP
