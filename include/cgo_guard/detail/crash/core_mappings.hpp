// SPDX-License-Identifier: BSL-1.0
/// @file core_mappings.hpp
/// What of the memory goes into a core: /proc/self/smaps, read without the heap, and the rules.
///
/// The rules are the kernel's defaults (core(5), /proc/PID/coredump_filter): what only this process has, shared memory
/// without a file, and the first page of each file, from which a debugger learns which build it was.
#ifndef CGO_GUARD_CORE_MAPPINGS_HPP
#define CGO_GUARD_CORE_MAPPINGS_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>

#include <elf.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/arch.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

// Not libc's functions: those are cancellation points, and sanitizers put locks around them, which some other thread
// may have held when this process was copied.
inline int core_open(const char *path, int flags) noexcept {
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0));
}
inline long core_read(int fd, void *to, std::size_t size) noexcept { return syscall(SYS_read, fd, to, size); }

struct core_mapping {
  std::uint64_t start, end;
  std::uint64_t offset;  ///< in its file
  std::uint64_t own;     ///< bytes that are this process's alone: anonymous, written copies of a file's, swapped out
  std::uint64_t kept;    ///< bytes from its start that go into the core
  std::uint32_t access;  ///< PF_R, PF_W, PF_X
  bool shared, has_file, is_deleted, is_vdso;

  std::uint64_t size() const noexcept { return end - start; }
  /// Pages that were never touched are zero, and /proc/self/pagemap tells which. It doesn't for what lies in a file
  /// or is the kernel's: those are there although this process has not looked.
  bool is_sparse() const noexcept { return !shared && !has_file && !is_vdso; }
};

/// How much of a mapping is kept.
inline std::uint64_t core_bytes_of(const core_mapping &m) noexcept {
  if (m.is_vdso) return m.size();
  if (m.shared) return m.is_deleted ? m.size() : 0;  // a deleted file is how the kernel shows shared memory without one
  if (m.own != 0) return m.size();
  return m.has_file && m.offset == 0 && (m.access & PF_R) != 0 ? arch::page_size() : 0;
}

/// The mappings and the names of their files, in memory of the caller's.
struct core_mapping_table {
  core_mapping *mappings;
  std::size_t max_mappings;
  char *names;  ///< of those that have a file, in order, each with its terminator
  std::size_t max_names;
  std::size_t count = 0, names_size = 0;
  bool is_full = false;
};

/// Takes smaps line by line: a line for each mapping, then lines of "Key: value" about it.
class core_mapping_parser {
 public:
  explicit core_mapping_parser(core_mapping_table &table) noexcept : table_(table) {}

  /// @param line without its end, terminated.
  void take(const char *line) noexcept {
    if (line[0] >= 'A' && line[0] <= 'Z') {
      if (current_ != nullptr) take_detail(line);
    } else {
      finish();
      take_mapping(line);
    }
  }

  void finish() noexcept {
    if (current_ != nullptr) {
      current_->kept = core_bytes_of(*current_);
      ++table_.count;
      names_size_ = table_.names_size;
    }
    current_ = nullptr;
  }

 private:
  static std::uint64_t number(const char *&at, unsigned base) noexcept {
    std::uint64_t value = 0;
    for (;; ++at) {
      const unsigned digit = *at >= '0' && *at <= '9'   ? static_cast<unsigned>(*at - '0')
                             : *at >= 'a' && *at <= 'f' ? static_cast<unsigned>(*at - 'a') + 10
                                                        : 99;
      if (digit >= base) return value;
      value = value * base + digit;
    }
  }

  static void skip_word(const char *&at) noexcept {
    while (*at != 0 && *at != ' ') ++at;
    while (*at == ' ') ++at;
  }

  // 7f1c0a000000-7f1c0a021000 rw-p 00000000 00:00 0          [heap]
  void take_mapping(const char *at) noexcept {
    core_mapping m = {};
    m.start = number(at, 16);
    if (*at++ != '-') return;
    m.end = number(at, 16);
    if (*at++ != ' ' || std::strlen(at) < 5) return;
    m.access = (at[0] == 'r' ? PF_R : 0u) | (at[1] == 'w' ? PF_W : 0u) | (at[2] == 'x' ? PF_X : 0u);
    m.shared = at[3] == 's';
    skip_word(at);
    m.offset = number(at, 16);
    while (*at == ' ') ++at;
    skip_word(at);  // the device
    m.has_file = number(at, 10) != 0;
    while (*at == ' ') ++at;
    if (std::strcmp(at, "[vsyscall]") == 0) return;  // the kernel's, the same for all, and not in the page tables
    m.is_vdso = std::strcmp(at, "[vdso]") == 0;
    const std::size_t length = std::strlen(at);
    static constexpr char deleted[] = " (deleted)";
    constexpr std::size_t deleted_length = sizeof deleted - 1;
    m.is_deleted = length > deleted_length && std::strcmp(at + length - deleted_length, deleted) == 0;
    if (table_.count == table_.max_mappings || table_.names_size + length + 1 > table_.max_names) {
      table_.is_full = true;
      return;
    }
    if (m.has_file) {
      std::memcpy(table_.names + table_.names_size, at, length + 1);
      table_.names_size += length + 1;
    }
    current_ = &table_.mappings[table_.count];
    *current_ = m;
  }

  void take_detail(const char *line) noexcept {
    for (const char *key : {"Anonymous:", "Swap:", "Private_Hugetlb:"}) {
      const std::size_t length = std::strlen(key);
      if (std::strncmp(line, key, length) != 0) continue;
      const char *at = line + length;
      while (*at == ' ') ++at;
      current_->own += number(at, 10) * 1024;
    }
    if (std::strncmp(line, "VmFlags:", 8) != 0) return;
    for (const char *at = line; *at != 0; skip_word(at)) {
      if (std::strncmp(at, "dd ", 3) == 0 || std::strncmp(at, "io ", 3) == 0) {  // madvise(MADV_DONTDUMP), or a device
        table_.names_size = names_size_;
        current_ = nullptr;
        return;
      }
    }
  }

  core_mapping_table &table_;
  core_mapping *current_ = nullptr;  ///< complete with its last line
  std::size_t names_size_ = 0;       ///< without its name
};

/// Reads a file line by line into the parser. @param buffer must hold the longest line: a path has 4 KiB at most.
/// @return false with errno where it can't be read.
inline bool read_core_mappings(const char *path, core_mapping_table &table, char *buffer, std::size_t size) noexcept {
  const int fd = core_open(path, O_RDONLY);
  if (fd < 0) return false;
  core_mapping_parser parser(table);
  std::size_t filled = 0;
  long got = 0;
  while ((got = core_read(fd, buffer + filled, size - 1 - filled)) > 0) {
    filled += static_cast<std::size_t>(got);
    std::size_t line = 0;
    for (std::size_t i = 0; i < filled; ++i) {
      if (buffer[i] != '\n') continue;
      buffer[i] = 0;
      parser.take(buffer + line);
      line = i + 1;
    }
    std::memmove(buffer, buffer + line, filled -= line);
  }
  parser.finish();
  syscall(SYS_close, fd);
  return got == 0;
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CORE_MAPPINGS_HPP
