// SPDX-License-Identifier: BSL-1.0
/// @file core_file.hpp
/// Writes an ELF core of this process as a debugger reads it. Only for the child that core_on_fault.hpp makes: it has
/// one thread, memory that nobody changes, and locks that nobody will ever release. So no heap, no stdio, and of libc
/// nothing that locks.
#ifndef CGO_GUARD_CORE_FILE_HPP
#define CGO_GUARD_CORE_FILE_HPP

#include <cerrno>
#include <csignal>
#include <ctime>

#include <sys/prctl.h>
#include <sys/procfs.h>

#include "core_mappings.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

// The kernel allows a process 65,530 mappings by default (vm.max_map_count), and an ELF file without further ado 65,534
// program headers.
constexpr std::size_t core_max_mappings = 65533;
constexpr std::size_t core_window_pages = 128;  // copied at a time: large enough that system calls don't count

/// All the memory that the writer uses. Of its pages those that are touched cost something.
struct core_workspace {
  char stack[128 * 1024];
  core_mapping mappings[core_max_mappings];
  Elf64_Phdr headers[core_max_mappings + 1];
  char names[16 * 1024 * 1024];  // 65,000 names of 256 bytes
  char text[64 * 1024];
  char registers[arch::core_notes_room];
  std::uint64_t pagemap[core_window_pages];
  char window[core_window_pages * arch::largest_page_size];
};

/// What the core is to say of the process that it was copied from.
struct core_subject {
  int signal;
  const siginfo_t *info;
  const ucontext_t *context;
  int process_id, parent_id, thread_id;
};

class core_writer {
 public:
  /// @param seconds, max_bytes: it gives up where it needs more.
  core_writer(core_workspace &workspace, const core_subject &subject, int fd, long seconds,
              std::uint64_t max_bytes) noexcept
      : w_(workspace), subject_(subject), fd_(fd), deadline_(now() + seconds), max_bytes_(max_bytes) {}

  /// @return whether all of it was written; else step() and errno tell what could not be done.
  bool write() noexcept {
    table_ = {w_.mappings, core_max_mappings, w_.names, sizeof w_.names};
    step_ = "reading /proc/self/smaps";
    if (!read_core_mappings("/proc/self/smaps", table_, w_.text, sizeof w_.text)) return false;
    if (table_.is_full) {
      step_ = "there are more than 65,533 mappings";
      errno = 0;
      return false;
    }
    step_ = "writing the file";
    return write_notes() && write_headers() && write_memory();
  }

  const char *step() const noexcept { return step_; }

 private:
  static long now() noexcept {
    timespec time = {};
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &time);
    return time.tv_sec;
  }

  bool put(const void *data, std::size_t size) noexcept {
    const auto *at = static_cast<const char *>(data);
    while (size != 0) {
      const long written = syscall(SYS_pwrite64, fd_, at, size, position_);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      at += written;
      size -= static_cast<std::size_t>(written);
      position_ += static_cast<std::uint64_t>(written);
      written_ += static_cast<std::uint64_t>(written);
    }
    if (written_ <= max_bytes_) return true;
    step_ = "it is larger than the limit, or than half of the free space";
    errno = 0;
    return false;
  }

  bool align_note() noexcept {
    static constexpr char zeros[4] = {};
    return put(zeros, (4 - position_ % 4) % 4);
  }
  bool begin_note(const char *owner, std::uint32_t type, std::size_t size) noexcept {
    const std::size_t owner_size = std::strlen(owner) + 1;
    const Elf64_Nhdr header = {static_cast<std::uint32_t>(owner_size), static_cast<std::uint32_t>(size), type};
    return put(&header, sizeof header) && put(owner, owner_size) && align_note();
  }
  bool note(const char *owner, std::uint32_t type, const void *data, std::size_t size) noexcept {
    return size == 0 || (begin_note(owner, type, size) && put(data, size) && align_note());
  }

  /// @return how much of a small file was read.
  static std::size_t read_file(const char *path, char *to, std::size_t size) noexcept {
    const int fd = core_open(path, O_RDONLY);
    if (fd < 0) return 0;
    const long got = core_read(fd, to, size);
    syscall(SYS_close, fd);
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  }

  bool write_notes() noexcept {
    notes_begin_ = position_ = sizeof(Elf64_Ehdr) + (table_.count + 1) * sizeof(Elf64_Phdr);
    elf_prstatus status = {};
    status.pr_info.si_signo = status.pr_cursig = static_cast<short>(subject_.signal);
    status.pr_pid = subject_.thread_id;
    status.pr_ppid = subject_.parent_id;
    arch::fill_core_registers(*subject_.context, status.pr_reg);
    status.pr_fpvalid = arch::has_core_float_registers(*subject_.context);

    elf_prpsinfo about = {};
    about.pr_sname = 'R';
    about.pr_pid = subject_.process_id;
    about.pr_ppid = subject_.parent_id;
    syscall(SYS_prctl, PR_GET_NAME, about.pr_fname);
    const std::size_t length = read_file("/proc/self/cmdline", about.pr_psargs, sizeof about.pr_psargs - 1);
    for (std::size_t i = 0; i + 1 < length; ++i) {
      if (about.pr_psargs[i] == 0) about.pr_psargs[i] = ' ';
    }

    // The thread comes first: what follows it is about it.
    return note("CORE", NT_PRSTATUS, &status, sizeof status) && note("CORE", NT_PRPSINFO, &about, sizeof about) &&
           note("CORE", NT_SIGINFO, subject_.info, sizeof *subject_.info) &&
           note("CORE", NT_AUXV, w_.text, read_file("/proc/self/auxv", w_.text, sizeof w_.text)) && note_files() &&
           arch::write_core_notes(*subject_.context, w_.registers,
                                  [this](const char *owner, std::uint32_t type, const void *data,
                                         std::size_t size) noexcept { return note(owner, type, data, size); });
  }

  /// Which file is mapped where: how a debugger finds the program's and the libraries' code, which is not in the core.
  bool note_files() noexcept {
    struct {
      std::uint64_t count, page_size;
    } head = {0, arch::page_size()};
    for (std::size_t i = 0; i < table_.count; ++i) head.count += table_.mappings[i].has_file ? 1 : 0;
    struct entry {
      std::uint64_t start, end, page;
    };
    if (!begin_note("CORE", NT_FILE, sizeof head + head.count * sizeof(entry) + table_.names_size)) return false;
    if (!put(&head, sizeof head)) return false;
    for (std::size_t i = 0; i < table_.count; ++i) {
      const core_mapping &m = table_.mappings[i];
      const entry file = {m.start, m.end, m.offset / arch::page_size()};
      if (m.has_file && !put(&file, sizeof file)) return false;
    }
    return put(table_.names, table_.names_size) && align_note();
  }

  bool write_headers() noexcept {
    Elf64_Phdr &notes = w_.headers[0];
    notes.p_type = PT_NOTE;
    notes.p_offset = notes_begin_;
    notes.p_filesz = position_ - notes_begin_;
    notes.p_align = 4;
    std::uint64_t data = (position_ + arch::page_size() - 1) / arch::page_size() * arch::page_size();
    for (std::size_t i = 0; i < table_.count; ++i) {
      const core_mapping &m = table_.mappings[i];
      Elf64_Phdr &load = w_.headers[i + 1];
      load.p_type = PT_LOAD;
      load.p_flags = m.access;
      load.p_offset = data;
      load.p_vaddr = m.start;
      load.p_memsz = m.size();
      load.p_filesz = m.kept;
      load.p_align = arch::page_size();
      data += m.kept;
    }
    Elf64_Ehdr header = {};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_CORE;
    header.e_machine = arch::elf_machine;
    header.e_version = EV_CURRENT;
    header.e_phoff = header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = static_cast<std::uint16_t>(table_.count + 1);
    position_ = 0;
    // Its length first: a file system that can't hold it says so before the work is done.
    return syscall(SYS_ftruncate, fd_, data) == 0 && put(&header, sizeof header) &&
           put(w_.headers, (table_.count + 1) * sizeof(Elf64_Phdr));
  }

  bool write_memory() noexcept {
    step_ = "opening /proc/self/mem";
    // Memory is read through this and not by its address: what can't be read is then an error and not a fault, and
    // what has no read permission can be.
    memory_ = core_open("/proc/self/mem", O_RDONLY);
    if (memory_ < 0) return false;
    pagemap_ = core_open("/proc/self/pagemap", O_RDONLY);  // without it everything is read
    step_ = "writing the file";
    const std::uint64_t window = core_window_pages * arch::page_size();  // there is room for larger pages
    for (std::size_t i = 0; i < table_.count; ++i) {
      const core_mapping &m = table_.mappings[i];
      for (std::uint64_t done = 0; done < m.kept; done += window) {
        const std::uint64_t left = m.kept - done;
        if (!write_window(m, done, left < window ? left : window)) return false;
        if (now() <= deadline_) continue;
        step_ = "it takes too long";
        errno = 0;
        return false;
      }
    }
    return true;
  }

  bool write_window(const core_mapping &m, std::uint64_t from, std::uint64_t size) noexcept {
    const std::size_t pages = static_cast<std::size_t>(size / arch::page_size());
    const bool all = !m.is_sparse() || !read_pagemap(m.start + from, pages);
    const std::uint64_t file = w_.headers[&m - w_.mappings + 1].p_offset + from;
    for (std::size_t i = 0; i < pages; ++i) {
      std::size_t end = i;
      while (end < pages && (all || is_there(w_.pagemap[end]))) ++end;
      if (end != i && !write_run(m.start + from + i * arch::page_size(), file + i * arch::page_size(), end - i))
        return false;
      i = end;
    }
    return true;
  }

  // Documentation/admin-guide/mm/pagemap.rst: present, or swapped out.
  static bool is_there(std::uint64_t entry) noexcept { return entry >> 62 != 0; }

  bool read_pagemap(std::uint64_t address, std::size_t pages) noexcept {
    const std::size_t size = pages * sizeof(std::uint64_t);
    const std::uint64_t at = address / arch::page_size() * sizeof(std::uint64_t);
    return pagemap_ >= 0 && syscall(SYS_pread64, pagemap_, w_.pagemap, size, at) == static_cast<long>(size);
  }

  /// Copies pages that lie side by side; those that are zero, or can't be read, stay holes.
  bool write_run(std::uint64_t address, std::uint64_t file, std::size_t pages) noexcept {
    for (std::size_t done = 0; done < pages;) {
      const long got = syscall(SYS_pread64, memory_, w_.window, (pages - done) * arch::page_size(),
                               address + done * arch::page_size());
      const std::size_t read = got > 0 ? static_cast<std::size_t>(got) / arch::page_size() : 0;
      for (std::size_t i = 0; i < read; ++i) {
        std::size_t end = i;
        while (end < read && !is_zero(w_.window + end * arch::page_size())) ++end;
        position_ = file + (done + i) * arch::page_size();
        if (end != i && !put(w_.window + i * arch::page_size(), (end - i) * arch::page_size())) return false;
        i = end;
      }
      done += read != 0 ? read : 1;
    }
    return true;
  }

  static bool is_zero(const char *page) noexcept {
    return page[0] == 0 && std::memcmp(page, page + 1, arch::page_size() - 1) == 0;
  }

  core_workspace &w_;
  const core_subject &subject_;
  core_mapping_table table_ = {};
  const int fd_;
  int memory_ = -1, pagemap_ = -1;
  const long deadline_;
  const std::uint64_t max_bytes_;
  std::uint64_t notes_begin_ = 0, position_ = 0, written_ = 0;
  const char *step_ = "";
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CORE_FILE_HPP
