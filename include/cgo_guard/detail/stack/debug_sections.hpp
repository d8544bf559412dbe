// SPDX-License-Identifier: BSL-1.0
/// @file debug_sections.hpp
/// Spares libdw the unpacking of compressed sections that no frame is named from.
///
/// Go's linker compresses debug information. libdw unpacks all sections of a file on the first question, which is three
/// quarters of the first stack of a Go program, and a fifth of that goes into the places of variables.
#ifndef CGO_GUARD_DEBUG_SECTIONS_HPP
#define CGO_GUARD_DEBUG_SECTIONS_HPP

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <elf.h>
#include <link.h>

#include "../../config.hpp"
#include "libdw.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Sections that libdw unpacks and none of the functions in libdw::api reads.
inline bool names_no_frame(std::string_view section) {
  for (const std::string_view unread : {".debug_loclists", ".debug_loc", ".debug_frame", ".debug_macro",
                                        ".debug_macinfo", ".debug_pubnames", ".debug_pubtypes"}) {
    if (section == unread) return true;
  }
  return false;
}

/// Makes those sections empty for libdw, if they are compressed. To be called before libdw was asked anything about the
/// module. The file is not changed: libdw has mapped it for itself alone.
/// @return how many there were.
///
/// Compressed ones only: the header of each would be written to by libdw as well, when it has unpacked the section. Of
/// the others it is not certain that they may be, and they cost nothing.
inline std::size_t leave_out_sections(const libdw::api &api, libdw::dwfl_module *module) {
  if (!api.has_sections) return 0;
  std::uint64_t bias = 0;
  std::size_t names = 0, count = 0;
  libdw::elf *const file = api.module_getelf(module, &bias);
  if (file == nullptr || api.elf_getshdrstrndx(file, &names) != 0) return 0;
  for (auto *section = api.elf_nextscn(file, nullptr); section != nullptr; section = api.elf_nextscn(file, section)) {
    ElfW(Shdr) *const header = api.elf_getshdr(section);
    if (header == nullptr || header->sh_type == SHT_NOBITS || (header->sh_flags & SHF_COMPRESSED) == 0) continue;
    const char *const name = api.elf_strptr(file, names, header->sh_name);
    if (name == nullptr || !names_no_frame(name)) continue;
    header->sh_type = SHT_NOBITS;
    ++count;
  }
  return count;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_DEBUG_SECTIONS_HPP
