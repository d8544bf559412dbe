// SPDX-License-Identifier: BSL-1.0
/// @file exported_functions.hpp
/// The functions that a loaded module exports, from the tables that the loader has mapped: no lock, no heap.
#ifndef CGO_GUARD_EXPORTED_FUNCTIONS_HPP
#define CGO_GUARD_EXPORTED_FUNCTIONS_HPP

#include <cstdint>

#include <elf.h>
#include <link.h>

#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Calls visit(symbol, mangled name) for one after the other, until it returns true. @return whether it did.
/// @param module a libc::module_at.
template <class Module, class Visit>
bool find_exported_function(const Module &module, Visit &&visit) noexcept {
  const auto *const symbols = static_cast<const ElfW(Sym) *>(module.table(DT_SYMTAB));
  const auto *const names = static_cast<const char *>(module.table(DT_STRTAB));
  const auto *const hash = static_cast<const std::uint32_t *>(module.table(DT_GNU_HASH));
  const auto below_module = [&](const void *p) { return reinterpret_cast<std::uintptr_t>(p) < module.bias(); };
  if (symbols == nullptr || names == nullptr || hash == nullptr || below_module(symbols) || below_module(hash)) {
    return false;  // the kernel's vdso, whose addresses nobody has relocated, or a file of another kind
  }
  // The hash table knows how many symbols there are: its last chain ends with the last of them.
  const std::uint32_t buckets = hash[0], first = hash[1], bloom = hash[2];
  const std::uint32_t *const bucket = hash + 4 + bloom * (sizeof(ElfW(Addr)) / sizeof *hash);
  const std::uint32_t *const chain = bucket + buckets;
  std::uint32_t last = 0;
  for (std::uint32_t i = 0; i < buckets; ++i) last = bucket[i] > last ? bucket[i] : last;
  if (last < first) return false;
  while ((chain[last - first] & 1) == 0) ++last;
  for (std::uint32_t i = first; i <= last; ++i) {
    const ElfW(Sym) &symbol = symbols[i];
    const int type = ELF64_ST_TYPE(symbol.st_info);
    if (symbol.st_shndx == SHN_UNDEF || (type != STT_FUNC && type != STT_GNU_IFUNC)) continue;
    if (visit(symbol, names + symbol.st_name)) return true;
  }
  return false;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_EXPORTED_FUNCTIONS_HPP
