// SPDX-License-Identifier: BSL-1.0
/// @file loaded_module.hpp
/// Which loaded file an address belongs to, where it was loaded, and which build it is: asked of the dynamic linker.
#ifndef CGO_GUARD_LOADED_MODULE_HPP
#define CGO_GUARD_LOADED_MODULE_HPP

#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include "../../config.hpp"
#include "../runtime/libc.hpp"
#include "../runtime/loader_lock.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// A module as the dynamic linker knows it. Plain arrays, because it is filled under the linker's lock and, for
/// format_frames_raw, while the heap cannot be trusted.
struct loaded_module {
  bool found = false;
  bool main_program = false;       ///< the executable itself
  std::uintptr_t bias = 0;         ///< run-time address minus the address in the file
  std::uintptr_t begin = 0;        ///< first mapped address; tells two loaded modules apart
  unsigned long long unloads = 0;  ///< how many modules had been unloaded by then: a change makes every cache suspect
  std::size_t build_id_size = 0;
  unsigned char build_id[64];
  char path[PATH_MAX];  ///< absolute where the linker was given an absolute name; "" where it has none
};

/// Looks for the GNU build ID in the bytes of a PT_NOTE segment or SHT_NOTE section.
/// @return the size of the ID, copied into `id`, or 0. Never reads outside [notes, notes + size).
/// Async-signal-safe; thread-safe.
inline std::size_t find_build_id(const unsigned char *notes, std::size_t size, std::size_t alignment,
                                 unsigned char (&id)[64]) noexcept {
  const std::size_t align = alignment == 8 ? 8 : 4;  // a p_align of 0 or 1 is written by some linkers and means 4
  const auto padded = [align](std::size_t n) { return (n + align - 1) & ~(align - 1); };
  std::size_t at = 0;
  while (size - at >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes + at, sizeof header);
    const std::size_t left = size - at - sizeof header;
    // Both sizes are 32 bits of possibly hostile data: compared before they are padded, so that nothing can wrap.
    if (header.n_namesz > left || header.n_descsz > left) return 0;
    const std::size_t name = padded(header.n_namesz);
    if (name > left || header.n_descsz > left - name) return 0;
    const unsigned char *text = notes + at + sizeof header;
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 && std::memcmp(text, "GNU", 4) == 0) {
      if (header.n_descsz == 0 || header.n_descsz > sizeof id) return 0;
      std::memcpy(id, text + name, header.n_descsz);
      return header.n_descsz;
    }
    const std::size_t used = name + padded(header.n_descsz);
    if (used > left) return 0;
    at += sizeof header + used;
  }
  return 0;
}

inline void set_path(loaded_module &module, const char *path) noexcept {
  const std::size_t length = strnlen(path, sizeof module.path - 1);
  std::memcpy(module.path, path, length);
  module.path[length] = '\0';
}

inline void read_build_id(const ElfW(Phdr) * segments, std::size_t count, loaded_module &module) noexcept {
  for (std::size_t i = 0; i < count && module.build_id_size == 0; ++i) {
    const auto &note = segments[i];
    if (note.p_type != PT_NOTE) continue;
    // A note segment may lie in a part of the file that was never mapped: objcopy and some packers leave such.
    for (std::size_t j = 0; j < count; ++j) {
      const auto &load = segments[j];
      if (load.p_type != PT_LOAD || (load.p_flags & PF_R) == 0 || note.p_vaddr < load.p_vaddr) continue;
      const std::size_t skipped = note.p_vaddr - load.p_vaddr;
      if (skipped > load.p_filesz || note.p_filesz > load.p_filesz - skipped) continue;
      module.build_id_size = find_build_id(reinterpret_cast<const unsigned char *>(module.bias + note.p_vaddr),
                                           note.p_filesz, note.p_align, module.build_id);
      break;
    }
  }
}

struct module_query {
  std::uintptr_t address;
  loaded_module *module;
  bool first = true;
};

inline int match_module(dl_phdr_info *info, std::size_t size, void *argument) noexcept {
  auto &query = *static_cast<module_query *>(argument);
  auto &module = *query.module;
  const std::uintptr_t bias = info->dlpi_addr;
  const bool main_program = query.first;  // the linker lists the program before anything else
  query.first = false;
  bool inside = false;
  std::uintptr_t lowest = UINTPTR_MAX;
  for (std::size_t i = 0; i < info->dlpi_phnum; ++i) {
    const auto &segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const std::uintptr_t begin = bias + segment.p_vaddr;
    if (begin < lowest) lowest = begin;
    inside = inside || (query.address >= begin && query.address - begin < segment.p_memsz);
  }
  if (!inside) return 0;

  module.found = true;
  module.main_program = main_program;
  module.bias = bias;
  module.begin = lowest;
  if (size >= offsetof(dl_phdr_info, dlpi_subs) + sizeof info->dlpi_subs) module.unloads = info->dlpi_subs;
  // The program's is "", or its argv[0] or a link to itself: only the kernel knows better.
  if (info->dlpi_name != nullptr && !main_program) set_path(module, info->dlpi_name);
  read_build_id(info->dlpi_phdr, info->dlpi_phnum, module);
  return 1;
}

/// As find_module, where the loader's lock is held for ever.
inline void find_module_without_lock(const void *address, loaded_module &module) noexcept {
  libc::module_at found;
  if (!found.find(reinterpret_cast<std::uintptr_t>(address))) return;
  module.found = true;
  module.main_program = found.is_main_program();
  module.bias = found.bias();
  module.begin = found.begin();
  module.unloads = ~0ull;  // who could say; but the same from now on
  set_path(module, found.path());
  const auto *const header = reinterpret_cast<const ElfW(Ehdr) *>(module.begin);
  if (std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return;  // its first segment does not begin the file
  read_build_id(reinterpret_cast<const ElfW(Phdr) *>(module.begin + header->e_phoff), header->e_phnum, module);
}

/// Whether an address is in the executable itself, as far as that can be said without asking the loader.
inline bool is_in_main_program(void *address) noexcept {
  libc::module_at found;
  return found.find(reinterpret_cast<std::uintptr_t>(address)) && found.is_main_program();
}

/// The path of the running program, which the dynamic linker has no name for; "" where /proc is missing. Read once: it
/// costs ten times the rest of find_module.
struct program_path {
  char text[PATH_MAX] = {};
  program_path() noexcept {
    const ssize_t length = readlink("/proc/self/exe", text, sizeof text - 1);
    if (length <= 0) return;
    // The kernel marks a program that was replaced while it runs. No user would look for a file of that name.
    static constexpr char mark[] = " (deleted)";
    constexpr std::size_t mark_length = sizeof mark - 1;
    const auto used = static_cast<std::size_t>(length);
    const bool marked = used > mark_length && std::memcmp(text + used - mark_length, mark, mark_length) == 0;
    text[marked ? used - mark_length : used] = '\0';
  }
};

/// Finds the module that holds `address`. `module.found` is false for code that no file was mapped for (a JIT).
/// Uses no heap. Takes the dynamic linker's lock: not async-signal-safe, and the caller must hold no lock of ours,
/// since a constructor running inside dlopen may ask for a stack. Thread-safe.
inline void find_module(const void *address, loaded_module &module) noexcept {
  module.found = false;
  module.build_id_size = 0;
  module.path[0] = '\0';
  if (loader_may_be_asked()) {
    module_query query{reinterpret_cast<std::uintptr_t>(address), &module};
    dl_iterate_phdr(&match_module, &query);
  } else {
    find_module_without_lock(address, module);
  }
  if (!module.found || module.path[0] != '\0') return;
  static const program_path program;
  std::memcpy(module.path, program.text, std::strlen(program.text) + 1);
}

/// Opens the file that a module was loaded from.
/// @return a descriptor for the caller to close, or -1. Close-on-exec: os/exec in Go relies on it.
inline int open_module(const loaded_module &module) noexcept {
  // Through /proc the running program is found even where a newer build has taken over its name.
  const char *path = module.main_program ? "/proc/self/exe" : module.path;
  // Non-blocking, because a name can since have become a FIFO, and opening that would wait for a writer for ever.
  return std::strchr(path, '/') != nullptr ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_LOADED_MODULE_HPP
