// SPDX-License-Identifier: BSL-1.0
/// @file libdw.hpp
/// elfutils' libdw, found when the process runs: its functions as a table of pointers, without its headers.
///
/// Why not link it? Nothing is to be asked of the user's build, and a program must still start where it is missing.
#ifndef CGO_GUARD_LIBDW_HPP
#define CGO_GUARD_LIBDW_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../config.hpp"
#include "../runtime/loader_lock.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {
namespace libdw {

// What follows is libdw's stable ABI (its version nodes ELFUTILS_0.122 to 0.156) and the numbers of the DWARF standard.
struct dwfl;
struct dwfl_module;
struct dwarf;
struct dwarf_cu;
struct dwarf_line;
struct dwarf_files;
struct elf;
struct elf_section;

struct dwarf_die {
  void *address;
  dwarf_cu *cu;
  void *abbreviation;
  long padding;
};

struct dwarf_attribute {
  unsigned int code;
  unsigned int form;
  unsigned char *value;
  dwarf_cu *cu;
};

using find_elf_function = int(dwfl_module *, void **, const char *, std::uint64_t, char **, elf **);
using find_debuginfo_function = int(dwfl_module *, void **, const char *, std::uint64_t, const char *, const char *,
                                    std::uint32_t, char **);

struct dwfl_callbacks {
  find_elf_function *find_elf;
  find_debuginfo_function *find_debuginfo;
  void *section_address;  // asked for relocatable files only, which are never loaded
  char **debuginfo_path;
};

enum tag : int {
  tag_class = 0x02,
  tag_lexical_block = 0x0b,
  tag_structure = 0x13,
  tag_union = 0x17,
  tag_inlined = 0x1d,
  tag_catch_block = 0x25,
  tag_subprogram = 0x2e,
  tag_try_block = 0x32,
  tag_namespace = 0x39
};

enum attribute : unsigned int {
  at_name = 0x03,
  at_low_pc = 0x11,
  at_comp_dir = 0x1b,
  at_abstract_origin = 0x31,
  at_specification = 0x47,
  at_ranges = 0x55,
  at_call_column = 0x57,
  at_call_file = 0x58,
  at_call_line = 0x59,
  at_linkage_name = 0x6e,
  at_mips_linkage_name = 0x2007
};

struct api {
  dwfl *(*begin)(const dwfl_callbacks *);
  void (*report_begin)(dwfl *);
  void (*report_begin_add)(dwfl *);
  dwfl_module *(*report_elf)(dwfl *, const char *, const char *, int, std::uint64_t, bool);
  int (*report_end)(dwfl *, void *, void *);
  find_debuginfo_function *build_id_find_debuginfo;
  dwarf_die *(*module_addrdie)(dwfl_module *, std::uint64_t, std::uint64_t *);
  dwarf_die *(*module_nextcu)(dwfl_module *, dwarf_die *, std::uint64_t *);
  dwarf *(*module_getdwarf)(dwfl_module *, std::uint64_t *);
  int (*haspc)(dwarf_die *, std::uint64_t);
  std::ptrdiff_t (*ranges)(dwarf_die *, std::ptrdiff_t, std::uint64_t *, std::uint64_t *, std::uint64_t *);
  int (*die_tag)(dwarf_die *);
  int (*child)(dwarf_die *, dwarf_die *);
  int (*siblingof)(dwarf_die *, dwarf_die *);
  dwarf_die *(*diecu)(dwarf_die *, dwarf_die *, std::uint8_t *, std::uint8_t *);
  dwarf_attribute *(*attr)(dwarf_die *, unsigned int, dwarf_attribute *);
  dwarf_attribute *(*attr_integrate)(dwarf_die *, unsigned int, dwarf_attribute *);
  const char *(*formstring)(dwarf_attribute *);
  int (*formudata)(dwarf_attribute *, std::uint64_t *);
  dwarf_die *(*formref_die)(dwarf_attribute *, dwarf_die *);
  dwarf_line *(*getsrc_die)(dwarf_die *, std::uint64_t);
  const char *(*linesrc)(dwarf_line *, std::uint64_t *, std::uint64_t *);
  int (*lineno)(dwarf_line *, int *);
  int (*linecol)(dwarf_line *, int *);
  int (*getsrcfiles)(dwarf_die *, dwarf_files **, std::size_t *);
  int (*cu_info)(dwarf_cu *, std::uint16_t *, std::uint8_t *, dwarf_die *, dwarf_die *, std::uint64_t *, std::uint8_t *,
                 std::uint8_t *);  // elfutils 0.171; nullptr in older ones
  const char *(*filesrc)(dwarf_files *, std::size_t, std::uint64_t *, std::uint64_t *);

  // From libelf, which libdw is built on. Used only to be quicker; see debug_sections.hpp.
  bool has_sections;
  elf *(*module_getelf)(dwfl_module *, std::uint64_t *);
  int (*elf_getshdrstrndx)(elf *, std::size_t *);
  elf_section *(*elf_nextscn)(elf *, elf_section *);
  ElfW(Shdr) * (*elf_getshdr)(elf_section *);
  char *(*elf_strptr)(elf *, std::size_t, std::size_t);
};

template <class Function>
bool look_up(void *library, const char *name, Function *&function) noexcept {
  function = reinterpret_cast<Function *>(dlsym(library, name));
  return function != nullptr;
}

inline bool fill(api &a, void *library) noexcept {
  look_up(library, "dwarf_cu_info", a.cu_info);
  a.has_sections = look_up(library, "dwfl_module_getelf", a.module_getelf) &&
                   look_up(library, "elf_getshdrstrndx", a.elf_getshdrstrndx) &&
                   look_up(library, "elf_nextscn", a.elf_nextscn) &&
                   look_up(library, sizeof(void *) == 8 ? "elf64_getshdr" : "elf32_getshdr", a.elf_getshdr) &&
                   look_up(library, "elf_strptr", a.elf_strptr);
  return look_up(library, "dwfl_begin", a.begin) && look_up(library, "dwfl_report_begin", a.report_begin) &&
         look_up(library, "dwfl_report_begin_add", a.report_begin_add) &&
         look_up(library, "dwfl_report_elf", a.report_elf) && look_up(library, "dwfl_report_end", a.report_end) &&
         look_up(library, "dwfl_build_id_find_debuginfo", a.build_id_find_debuginfo) &&
         look_up(library, "dwfl_module_addrdie", a.module_addrdie) &&
         look_up(library, "dwfl_module_nextcu", a.module_nextcu) &&
         look_up(library, "dwfl_module_getdwarf", a.module_getdwarf) && look_up(library, "dwarf_haspc", a.haspc) &&
         look_up(library, "dwarf_ranges", a.ranges) && look_up(library, "dwarf_tag", a.die_tag) &&
         look_up(library, "dwarf_child", a.child) && look_up(library, "dwarf_siblingof", a.siblingof) &&
         look_up(library, "dwarf_diecu", a.diecu) && look_up(library, "dwarf_attr", a.attr) &&
         look_up(library, "dwarf_attr_integrate", a.attr_integrate) &&
         look_up(library, "dwarf_formstring", a.formstring) && look_up(library, "dwarf_formudata", a.formudata) &&
         look_up(library, "dwarf_formref_die", a.formref_die) && look_up(library, "dwarf_getsrc_die", a.getsrc_die) &&
         look_up(library, "dwarf_linesrc", a.linesrc) && look_up(library, "dwarf_lineno", a.lineno) &&
         look_up(library, "dwarf_linecol", a.linecol) && look_up(library, "dwarf_getsrcfiles", a.getsrcfiles) &&
         look_up(library, "dwarf_filesrc", a.filesrc);
}

/// Whether this program is statically linked (-static, -static-pie). What it opens with dlopen brings a second libc,
/// with a heap and thread-local variables that nobody has set up; libdw crashes in there.
inline bool is_static_program() noexcept {
  bool has_loader = false;
  dl_iterate_phdr(
      [](dl_phdr_info *info, std::size_t, void *found) -> int {
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          if (info->dlpi_phdr[i].p_type == PT_INTERP) *static_cast<bool *>(found) = true;
        }
        return 1;  // the first is the program itself
      },
      &has_loader);
  return !has_loader;
}

/// libdw's functions, or nullptr where it isn't installed or too old, or can't be used. Opened once and never closed.
/// Thread-safe; not async-signal-safe. Call it with no lock held: dlopen takes the dynamic linker's lock, and a
/// constructor that runs under that lock may itself be waiting for ours. For the same reason there is no function-local
/// static here.
inline const api *load() {
  static std::atomic<const api *> loaded{nullptr};
  static std::atomic<bool> absent{false};
  const api *known = loaded.load(std::memory_order_acquire);
  if (known != nullptr || absent.load(std::memory_order_relaxed) || !loader_may_be_asked()) return known;
  void *library = is_static_program() ? nullptr : dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);
  auto *made = new api();
  if (library == nullptr || !fill(*made, library)) {
    if (library != nullptr) dlclose(library);
    delete made;
    absent.store(true, std::memory_order_relaxed);
    return nullptr;
  }
  if (loaded.compare_exchange_strong(known, made, std::memory_order_acq_rel, std::memory_order_acquire)) return made;
  delete made;  // another thread was first
  dlclose(library);
  return known;
}

/// The checksum by which a .gnu_debuglink section names its file: CRC-32 over the whole of it.
inline bool has_crc(int descriptor, std::uint32_t expected) {
  std::uint32_t step[256];  // bit by bit, a debug file of 100 MB would take a second
  for (std::uint32_t i = 0; i < 256; ++i) {
    step[i] = i;
    for (int bit = 0; bit < 8; ++bit) step[i] = (step[i] >> 1) ^ (0xedb88320u & (0u - (step[i] & 1u)));
  }
  std::uint32_t crc = 0xffffffffu;
  unsigned char buffer[16384];
  for (off_t offset = 0;;) {
    const ssize_t got = pread(descriptor, buffer, sizeof buffer, offset);
    if (got < 0) return false;
    if (got == 0) return ~crc == expected;
    offset += got;
    for (ssize_t i = 0; i < got; ++i) crc = (crc >> 8) ^ step[(crc ^ buffer[i]) & 0xffu];
  }
}

/// Finds the separate debug file of a module: by build ID, then by the name in .gnu_debuglink beside the module, in its
/// .debug directory and under /usr/lib/debug.
///
/// Why not libdw's own dwfl_standard_find_debuginfo? It ends by asking debuginfod, a web service, wherever
/// DEBUGINFOD_URLS is set, and many distributions set it. A crash report must not wait for a network, nor tell one what
/// this process runs. What is given up: the shared "alternate" files of dwz are found by build ID only.
inline int find_debuginfo(dwfl_module *module, void **user, const char *name, std::uint64_t base, const char *file,
                          const char *link, std::uint32_t crc, char **found) {
  const api *functions = load();
  if (functions == nullptr) return -1;
  int descriptor = functions->build_id_find_debuginfo(module, user, name, base, file, link, crc, found);
  if (descriptor >= 0) {
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    return descriptor;
  }
  // A checksum of 0 is how libdw asks for an alternate file, and how it says that there is no link section.
  if (file == nullptr || link == nullptr || crc == 0 || std::strchr(file, '/') == nullptr) return -1;
  const std::string directory(file, static_cast<std::size_t>(std::strrchr(file, '/') - file));
  const std::string candidates[] = {directory + "/" + link, directory + "/.debug/" + link,
                                    "/usr/lib/debug" + directory + "/" + link};
  for (const auto &candidate : candidates) {
    if (candidate == file) continue;
    descriptor = open(candidate.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (descriptor < 0) continue;
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && has_crc(descriptor, crc)) {
      *found = strdup(candidate.c_str());  // libdw frees it
      return descriptor;
    }
    close(descriptor);
  }
  return -1;
}

/// Never called, since every module is reported with its file; libdw wants a function all the same.
inline int find_no_elf(dwfl_module *, void **, const char *, std::uint64_t, char **, elf **) { return -1; }

}  // namespace libdw
}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_LIBDW_HPP
