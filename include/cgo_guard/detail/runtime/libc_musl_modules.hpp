// SPDX-License-Identifier: BSL-1.0
/// @file libc_musl_modules.hpp
/// musl: the modules of a process, from the program's headers and the list that a debugger reads. No lock, no call.
///
/// dl_iterate_phdr takes the loader's lock between two modules (ldso/dynlink.c), which a dlopen holds for as long as it
/// loads: a signal handler would wait for it, for ever where the fault is inside that dlopen. A table of our own would
/// have to be told of each new module by somebody, and a guard that asks pays for it on every call. But the list itself
/// can be read: a module is appended to it when its headers are mapped and everything in its entry is set, and stays.
/// What does not stay is a module of which something else is missing: a dlopen that fails takes it away again.
/// Therefore each word is read by a read that may fail, and nothing is believed of an entry but what an ELF header at
/// its address says.
#ifndef CGO_GUARD_LIBC_MUSL_MODULES_HPP
#define CGO_GUARD_LIBC_MUSL_MODULES_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

#include "../arch/arch.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::libc {

/// Reads an object by reads that may fail. @return false where one has.
template <class T>
bool load_object(std::uintptr_t address, T &out) noexcept {
  static_assert(sizeof(T) % sizeof(std::uintptr_t) == 0, "read by words");
  for (std::size_t i = 0; i < sizeof(T); i += sizeof(std::uintptr_t)) {
    std::uintptr_t word = 0;
    if (arch::cgo_guard_v1_load(address + i, &word) == 0) return false;
    std::memcpy(reinterpret_cast<char *>(&out) + i, &word, sizeof word);
  }
  return true;
}

/// A module as its program headers describe it.
struct mapped_module {
  std::uintptr_t begin = 0, end = 0, bias = 0;
  std::uintptr_t eh_frame_hdr = 0, dynamic = 0;  ///< 0 for none
  std::uintptr_t name = 0;                       ///< a text, or 0 for the program itself
  bool has_address = false;                      ///< the one that was asked for is in a segment

  /// @return false where the headers can't be read.
  bool read(std::uintptr_t headers, std::size_t count, std::uintptr_t address) noexcept {
    begin = ~std::uintptr_t{0};
    for (std::size_t i = 0; i < count; ++i) {
      ElfW(Phdr) segment;
      if (!load_object(headers + i * sizeof segment, segment)) return false;
      const std::uintptr_t at = bias + segment.p_vaddr;
      if (segment.p_type == PT_GNU_EH_FRAME) eh_frame_hdr = at;
      if (segment.p_type == PT_DYNAMIC) dynamic = at;
      if (segment.p_type != PT_LOAD) continue;
      if (at < begin) begin = at;
      if (at + segment.p_memsz > end) end = at + segment.p_memsz;
      if (address - at < segment.p_memsz) has_address = true;
    }
    return begin < end;
  }
};

/// Where the program is loaded, minus where it was linked to be.
inline std::uintptr_t bias_of_program(const ElfW(Phdr) * headers, std::size_t count) noexcept {
  const auto here = reinterpret_cast<std::uintptr_t>(headers);
  for (std::size_t i = 0; i < count; ++i) {
    if (headers[i].p_type == PT_PHDR) return here - headers[i].p_vaddr;
  }
  // A static program may have no segment for them. They follow the ELF header then, in the first segment.
  for (std::size_t i = 0; i < count; ++i) {
    if (headers[i].p_type == PT_LOAD && headers[i].p_offset == 0) return here - sizeof(ElfW(Ehdr)) - headers[i].p_vaddr;
  }
  return 0;
}

/// The program itself. @return false where the kernel has not said where it is.
inline bool read_program(std::uintptr_t address, mapped_module &out) noexcept {
  const auto *const headers = reinterpret_cast<const ElfW(Phdr) *>(getauxval(AT_PHDR));
  const std::size_t count = getauxval(AT_PHNUM);
  if (headers == nullptr) return false;
  out.bias = bias_of_program(headers, count);
  return out.read(reinterpret_cast<std::uintptr_t>(headers), count, address);
}

/// The first entry of the loader's list, the program; 0 in a static program, which has no loader.
inline std::uintptr_t first_link(const mapped_module &program) noexcept {
  ElfW(Dyn) entry;
  r_debug list;
  for (std::uintptr_t at = program.dynamic; at != 0 && load_object(at, entry); at += sizeof entry) {
    if (entry.d_tag == DT_NULL) return 0;
    if (entry.d_tag != DT_DEBUG) continue;
    if (entry.d_un.d_ptr == 0 || !load_object(entry.d_un.d_ptr, list)) return 0;
    return reinterpret_cast<std::uintptr_t>(list.r_map);
  }
  return 0;
}

/// A module of the list, whose first segment begins with its ELF header. (The loader maps nothing else.)
inline bool read_library(const link_map &link, std::uintptr_t address, mapped_module &out) noexcept {
  ElfW(Ehdr) header;
  if (!load_object(link.l_addr, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return false;
  out.bias = link.l_addr;
  out.name = reinterpret_cast<std::uintptr_t>(link.l_name);
  return out.read(link.l_addr + header.e_phoff, header.e_phnum, address);
}

/// The module around an address. Async-signal-safe. @return false for an address in none.
inline bool find_mapped_module(std::uintptr_t address, mapped_module &out) noexcept {
  mapped_module program;
  if (!read_program(address, program)) return false;
  out = program;
  if (out.has_address) return true;
  constexpr int enough = 10000;  // for an end even of a list that is not one any more
  link_map link;
  std::uintptr_t at = first_link(program);
  for (int i = 0; i < enough && at != 0 && load_object(at, link); ++i) {
    out = mapped_module();
    if (i > 0 && read_library(link, address, out) && out.has_address) return true;
    at = reinterpret_cast<std::uintptr_t>(link.l_next);
  }
  return false;
}

}  // namespace detail::libc
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_LIBC_MUSL_MODULES_HPP
