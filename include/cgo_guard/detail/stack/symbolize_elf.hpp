// SPDX-License-Identifier: BSL-1.0
/// @file symbolize_elf.hpp
/// Function names from a file's own symbol table: the static functions that dladdr cannot see, where there is no debug
/// information or no libdw.
#ifndef CGO_GUARD_SYMBOLIZE_ELF_HPP
#define CGO_GUARD_SYMBOLIZE_ELF_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../config.hpp"
#include "loaded_module.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// A file read with pread and never mapped: a mapping of a file that is truncated meanwhile raises SIGBUS, and a reader
/// inside a crash library must not crash. What is read is small beside the file.
class elf_file {
 public:
  /// Takes ownership of `descriptor`, which may be -1. A file that is not a native ELF file gives valid() == false.
  explicit elf_file(int descriptor) : descriptor_(descriptor) { valid_ = read_header(); }
  ~elf_file() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  elf_file(const elf_file &) = delete;
  elf_file &operator=(const elf_file &) = delete;

  bool valid() const { return valid_; }
  const std::vector<ElfW(Shdr)> &sections() const { return sections_; }

  /// Reads count bytes at offset, all or nothing.
  bool read(void *into, std::uint64_t count, std::uint64_t offset) const {
    if (offset > size_ || count > size_ - offset) return false;
    auto *bytes = static_cast<char *>(into);
    while (count != 0) {
      const ssize_t got = pread(descriptor_, bytes, static_cast<std::size_t>(count), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      bytes += got;
      offset += static_cast<std::uint64_t>(got);
      count -= static_cast<std::uint64_t>(got);
    }
    return true;
  }

  /// Reads a whole section. The section's size is bounded by that of the file, so a lying header cannot make us
  /// allocate more than what is really there.
  template <class T>
  bool read_section(const ElfW(Shdr) & section, std::vector<T> &into) const {
    if (section.sh_type == SHT_NOBITS || (section.sh_flags & SHF_COMPRESSED) != 0) return false;
    if (section.sh_offset > size_ || section.sh_size > size_ - section.sh_offset) return false;
    into.resize(static_cast<std::size_t>(section.sh_size / sizeof(T)));
    return read(into.data(), into.size() * sizeof(T), section.sh_offset);
  }

  /// The name of the separate debug file in .gnu_debuglink, without a directory; "" where there is none.
  std::string debug_link() const {
    ElfW(Ehdr) header;
    std::vector<char> names, content;
    if (!valid_ || !read(&header, sizeof header, 0) || header.e_shstrndx >= sections_.size() ||
        !read_section(sections_[header.e_shstrndx], names)) {
      return std::string();
    }
    static constexpr char wanted[] = ".gnu_debuglink";
    for (const auto &section : sections_) {
      if (section.sh_name >= names.size() || names.size() - section.sh_name < sizeof wanted) continue;
      if (std::memcmp(&names[section.sh_name], wanted, sizeof wanted) != 0 || !read_section(section, content)) continue;
      const std::string link(content.data(), strnlen(content.data(), content.size()));
      if (link.find('/') == std::string::npos) return link;
    }
    return std::string();
  }

  /// @return false unless the file carries exactly this build ID. An empty ID asks for nothing and matches.
  bool has_build_id(const unsigned char *id, std::size_t size) const {
    if (size == 0) return true;
    std::vector<unsigned char> notes;
    unsigned char found[64];
    for (const auto &section : sections_) {
      if (section.sh_type != SHT_NOTE || !read_section(section, notes)) continue;
      const std::size_t got = find_build_id(notes.data(), notes.size(), section.sh_addralign, found);
      if (got != 0) return got == size && std::memcmp(found, id, size) == 0;
    }
    // A file without section headers (sstrip) still has its segments.
    for (const auto &segment : segments_) {
      if (segment.p_type != PT_NOTE || segment.p_offset > size_ || segment.p_filesz > size_ - segment.p_offset)
        continue;
      notes.resize(static_cast<std::size_t>(segment.p_filesz));
      if (!read(notes.data(), notes.size(), segment.p_offset)) continue;
      const std::size_t got = find_build_id(notes.data(), notes.size(), segment.p_align, found);
      if (got != 0) return got == size && std::memcmp(found, id, size) == 0;
    }
    return false;
  }

 private:
  bool read_header() {
    struct stat status;
    if (descriptor_ < 0 || fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size < 0) {
      return false;
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
    ElfW(Ehdr) header;
    constexpr unsigned char native_class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
    constexpr unsigned char native_order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
    if (!read(&header, sizeof header, 0) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != native_class || header.e_ident[EI_DATA] != native_order) {
      return false;
    }
    if (header.e_phoff != 0 && header.e_phentsize == sizeof(ElfW(Phdr))) {
      segments_.resize(header.e_phnum);
      if (!read(segments_.data(), segments_.size() * sizeof(ElfW(Phdr)), header.e_phoff)) segments_.clear();
    }
    if (header.e_shoff == 0 || header.e_shentsize != sizeof(ElfW(Shdr))) return true;
    std::uint64_t count = header.e_shnum;
    if (count == 0) {  // more than 65279 sections, as -ffunction-sections can give: the count is in the first header
      ElfW(Shdr) first;
      if (!read(&first, sizeof first, header.e_shoff)) return true;
      count = first.sh_size;
    }
    if (header.e_shoff > size_ || count > (size_ - header.e_shoff) / sizeof(ElfW(Shdr))) return true;
    sections_.resize(static_cast<std::size_t>(count));
    if (!read(sections_.data(), count * sizeof(ElfW(Shdr)), header.e_shoff)) sections_.clear();
    return true;
  }

  int descriptor_;
  bool valid_ = false;
  std::uint64_t size_ = 0;
  std::vector<ElfW(Phdr)> segments_;
  std::vector<ElfW(Shdr)> sections_;
};

/// The functions of one file, sorted by address.
class symbol_table {
 public:
  /// Adds the functions of the first table of this type (SHT_SYMTAB or SHT_DYNSYM). Replaces what was there.
  /// @return false, with the table empty, when there is none or it makes no sense.
  bool load(const elf_file &file, std::uint32_t type) {
    symbols_.clear();
    const auto &sections = file.sections();
    for (const auto &section : sections) {
      if (section.sh_type != type) continue;
      std::vector<ElfW(Sym)> raw;
      if (section.sh_entsize != sizeof(ElfW(Sym)) || section.sh_link >= sections.size() ||
          sections[section.sh_link].sh_type != SHT_STRTAB || !file.read_section(section, raw) ||
          !file.read_section(sections[section.sh_link], names_)) {
        return false;
      }
      names_.push_back('\0');  // the last name of a broken table would run on without end
      for (const auto &symbol : raw) add(symbol, sections);
      std::stable_sort(symbols_.begin(), symbols_.end(), [](const entry &a, const entry &b) {
        return a.begin != b.begin ? a.begin < b.begin : a.rank > b.rank;  // find() meets the last of equals first
      });
      return !symbols_.empty();
    }
    return false;
  }

  /// The raw (mangled) name of the function around `offset`, an address as the file counts them, or nullptr. The name
  /// lives as long as the table.
  const char *find(std::uintptr_t offset) const {
    auto at = std::upper_bound(symbols_.begin(), symbols_.end(), offset,
                               [](std::uintptr_t value, const entry &e) { return value < e.begin; });
    // Hand-written assembly has labels inside functions, so the nearest symbol need not be the one around the address.
    // Thirty-two back is more labels than any such function has, and keeps a miss cheap.
    const entry *label = nullptr;
    bool beyond = false;  // a label reaches up to the next function, and no further
    for (int i = 0; i < 32 && at != symbols_.begin(); ++i) {
      --at;
      if (at->sized && offset < at->end) return &names_[at->name];
      if (!at->sized && offset < at->end && !beyond && label == nullptr) label = &*at;
      beyond = beyond || at->sized;
    }
    return label != nullptr ? &names_[label->name] : nullptr;
  }

 private:
  struct entry {
    std::uintptr_t begin, end;
    std::uint32_t name;
    std::uint8_t rank;  // the lesser is the better of two names for one address; see add()
    bool sized;
  };

  void add(const ElfW(Sym) & symbol, const std::vector<ElfW(Shdr)> &sections) {
    const int type = ELF64_ST_TYPE(symbol.st_info);  // the same bits in both classes
    const bool function = type == STT_FUNC || type == STT_GNU_IFUNC;
    if (!function && type != STT_NOTYPE) return;
    if (symbol.st_shndx == SHN_UNDEF || symbol.st_name >= names_.size()) return;
    const char first = names_[symbol.st_name];
    if (first == '\0' || first == '$') return;  // '$' marks code and data on ARM and is no function
    std::uintptr_t end = symbol.st_value + symbol.st_size;
    if (end < symbol.st_value) return;
    if (symbol.st_shndx < sections.size()) {
      const auto &section = sections[symbol.st_shndx];
      if ((section.sh_flags & SHF_EXECINSTR) == 0) return;
      if (symbol.st_size == 0) end = section.sh_addr + section.sh_size;
    } else if (!function || symbol.st_size == 0) {
      return;
    }
    // One function often has several names: a global one is what its author calls it, a local or underscored one is an
    // alias (__GI_raise beside raise).
    const auto bind = ELF64_ST_BIND(symbol.st_info);
    const bool alias = first == '_' && names_[symbol.st_name + 1] != 'Z';
    const int rank = (symbol.st_size == 0 ? 8 : 0) + (alias ? 4 : 0) +
                     (bind == STB_GLOBAL ? 0
                      : bind == STB_WEAK ? 1
                                         : 2);
    symbols_.push_back(entry{static_cast<std::uintptr_t>(symbol.st_value), end, symbol.st_name,
                             static_cast<std::uint8_t>(rank), symbol.st_size != 0});
  }

  std::vector<entry> symbols_;
  std::vector<char> names_;
};

/// The symbol tables of the modules that were asked for. Not thread-safe: the symbolizer's mutex guards it.
class symbol_tables {
 public:
  /// The raw name of the function at a call-site address inside `module`, or nullptr. Valid until forget().
  const char *find(const loaded_module &module, const void *address) {
    const std::uintptr_t offset = reinterpret_cast<std::uintptr_t>(address) - module.bias;
    for (const auto &known : known_) {
      if (known->begin == module.begin) return known->table.find(offset);
    }
    known_.push_back(std::make_unique<module_table>());
    known_.back()->begin = module.begin;
    load(module, known_.back()->table);
    ++loads_;
    return known_.back()->table.find(offset);
  }

  /// Drops everything: modules were unloaded, and others may have taken their addresses.
  void forget() { known_.clear(); }

  std::size_t loads() const { return loads_; }  ///< how many files were read so far

 private:
  struct module_table {
    std::uintptr_t begin = 0;
    symbol_table table;
  };

  /// Where the separate debug file of a module may be: by its build ID, then where .gnu_debuglink says. Never without a
  /// build ID, which is what the caller knows the file by.
  static std::vector<std::string> debug_files(const loaded_module &module, const elf_file &file) {
    std::vector<std::string> paths;
    if (module.build_id_size < 2) return paths;
    static constexpr char digits[] = "0123456789abcdef";
    std::string by_id = "/usr/lib/debug/.build-id/";
    for (std::size_t i = 0; i < module.build_id_size; ++i) {
      by_id += digits[module.build_id[i] >> 4];
      by_id += digits[module.build_id[i] & 15];
      if (i == 0) by_id += '/';
    }
    paths.push_back(by_id + ".debug");
    const char *const slash = std::strrchr(module.path, '/');
    const std::string link = file.debug_link();
    if (slash == nullptr || link.empty()) return paths;
    const std::string directory(module.path, slash);
    paths.push_back(directory + "/" + link);
    paths.push_back(directory + "/.debug/" + link);
    paths.push_back("/usr/lib/debug" + directory + "/" + link);
    return paths;
  }

  static void load(const loaded_module &module, symbol_table &table) {
    const elf_file file(open_module(module));
    // The file may have been replaced by another build since it was loaded: its names would be wrong, not just missing.
    const bool same = file.valid() && file.has_build_id(module.build_id, module.build_id_size);
    if (same && table.load(file, SHT_SYMTAB)) return;
    // GCC's debug information has no parameters for a static function, so its symbols are worth looking for elsewhere.
    for (const auto &path : debug_files(module, file)) {
      const elf_file debug(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
      if (debug.valid() && debug.has_build_id(module.build_id, module.build_id_size) && table.load(debug, SHT_SYMTAB)) {
        return;
      }
    }
    if (same) table.load(file, SHT_DYNSYM);
  }

  std::vector<std::unique_ptr<module_table>> known_;
  std::size_t loads_ = 0;
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_SYMBOLIZE_ELF_HPP
