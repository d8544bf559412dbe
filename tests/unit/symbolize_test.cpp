// SPDX-License-Identifier: BSL-1.0
/// @file symbolize_test.cpp
/// Names and lines for addresses of this very program. Needs it built with -g, and libdw for the cases that say so.

#include <cgo_guard/detail/stack/symbolize.hpp>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "catch.hpp"

#define NOINLINE __attribute__((noinline))

namespace {

using namespace cgo_guard::detail;

/// Keeps a call from being the last thing a function does, which would make it a jump and leave no frame.
volatile int not_a_tail_call;

NOINLINE const void *call_site() {
  not_a_tail_call = 0;
  return static_cast<const char *>(__builtin_return_address(0)) - 1;
}

struct site {
  const void *address;
  int line;
};

NOINLINE site in_static_function(int) {
  site here{};
  here.line = __LINE__ + 1;
  here.address = call_site();
  not_a_tail_call = 1;
  return here;
}

const void *inner_address;
NOINLINE const void *record_caller() {
  inner_address = static_cast<const char *>(__builtin_return_address(0)) - 1;
  return inner_address;
}
inline __attribute__((always_inline)) int inlined_function() {
  record_caller();
  const int line = __LINE__ - 1;
  not_a_tail_call = 2;
  return line;
}
NOINLINE int around_inlined(int &outer_line) {
  outer_line = __LINE__ + 1;
  const int inner_line = inlined_function();
  not_a_tail_call = 3;
  return inner_line;
}

template <class Function>
NOINLINE site run(Function function) {
  const site result = function();
  not_a_tail_call = 4;
  return result;
}

std::vector<resolved_frame> resolve_all(const void *address, symbolizer_stage from) {
  std::vector<resolved_frame> out;
  resolve(address, out, from);
  return out;
}

bool contains(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }

/// Copies this program into memory, to be damaged.
struct damaged_file {
  int descriptor = memfd_create("damaged", MFD_CLOEXEC);
  off_t size = 0;
  damaged_file() {
    const int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    char buffer[65536];
    for (ssize_t got; (got = read(self, buffer, sizeof buffer)) > 0; size += got) {
      REQUIRE(write(descriptor, buffer, static_cast<std::size_t>(got)) == got);
    }
    close(self);
  }
  ~damaged_file() { close(descriptor); }

  /// Reads it as the symbolizer would, and looks up names all around this file's functions.
  std::size_t read_names() const {
    std::size_t letters = 0;
    loaded_module self;
    find_module(reinterpret_cast<const void *>(&in_static_function), self);
    const std::uintptr_t here = reinterpret_cast<std::uintptr_t>(&in_static_function) - self.bias;
    const elf_file file(dup(descriptor));
    unsigned char id[20] = {};
    letters += file.has_build_id(id, sizeof id) ? 1 : 0;
    letters += file.debug_link().size();
    for (const auto type : {SHT_SYMTAB, SHT_DYNSYM}) {
      symbol_table table;
      table.load(file, static_cast<std::uint32_t>(type));
      for (std::uintptr_t offset = here; offset - here < 0x40000; offset += 0x80) {
        const char *name = table.find(offset);
        letters += name != nullptr ? std::strlen(name) : 0;
      }
    }
    return letters;
  }
};

}  // namespace

TEST_CASE("A call site has its function, file and line") {
  REQUIRE(libdw::load() != nullptr);
  const site here = in_static_function(0);
  const auto frames = resolve_all(here.address, symbolizer_stage::libdw);
  REQUIRE(frames.size() == 1);
  CHECK(contains(frames[0].function, "in_static_function(int)"));
  CHECK(contains(frames[0].file, "symbolize_test.cpp"));
  CHECK(frames[0].line == here.line);
  CHECK_FALSE(frames[0].inlined);
}

TEST_CASE("Inlined functions come before the function they were inlined into") {
  REQUIRE(libdw::load() != nullptr);
  int outer_line = 0;
  const int inner_line = around_inlined(outer_line);
  const auto frames = resolve_all(inner_address, symbolizer_stage::libdw);
  REQUIRE(frames.size() == 2);
  CHECK(contains(frames[0].function, "inlined_function"));
  CHECK(frames[0].line == inner_line);
  CHECK(frames[0].inlined);
  CHECK(contains(frames[1].function, "around_inlined(int&)"));
  CHECK(frames[1].line == outer_line);
  CHECK(contains(frames[1].file, "symbolize_test.cpp"));
  CHECK_FALSE(frames[1].inlined);
}

TEST_CASE("A lambda's body is found although GCC nests it in the function around it") {
  REQUIRE(libdw::load() != nullptr);
  int inner_line = 0, line = 0;
  run([&] {
    line = __LINE__ + 1;
    inner_line = inlined_function();
    return site{};
  });
  const auto frames = resolve_all(inner_address, symbolizer_stage::libdw);
  // What is inlined into the lambda is only known once the lambda itself was found.
  REQUIRE(frames.size() >= 2);
  CHECK(contains(frames[0].function, "inlined_function"));
  CHECK(frames[0].line == inner_line);
  CHECK(contains(frames[1].function, "operator()"));
  CHECK(frames[1].line == line);
}

TEST_CASE("A static function has its name without debug information") {
  const auto frames = resolve_all(in_static_function(0).address, symbolizer_stage::elf);
  REQUIRE(frames.size() == 1);
  CHECK(contains(frames[0].function, "in_static_function(int)"));
}

TEST_CASE("The symbol table's version suffixes are not part of a name") {
  const auto frames = resolve_all(dlsym(RTLD_DEFAULT, "pthread_setaffinity_np"), symbolizer_stage::elf);
  CHECK(contains(frames[0].function, "pthread_setaffinity_np"));
  CHECK_FALSE(contains(frames[0].function, "@"));
}

TEST_CASE("dladdr names what is exported and nothing else") {
  const auto exported = resolve_all(dlsym(RTLD_DEFAULT, "a64l"), symbolizer_stage::dladdr);
  REQUIRE(exported.size() == 1);
  CHECK(exported[0].function == "a64l");
  const auto hidden = resolve_all(in_static_function(0).address, symbolizer_stage::dladdr);
  REQUIRE(hidden.size() == 1);
  CHECK_FALSE(contains(hidden[0].function, "in_static_function"));
}

TEST_CASE("Module, offset and build ID are there when nothing else is") {
  const void *const address = in_static_function(0).address;
  const auto frames = resolve_all(address, symbolizer_stage::none);
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].function.empty());
  CHECK(frames[0].line == 0);
  CHECK(frames[0].address == address);

  char self[4096] = {};
  REQUIRE(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
  CHECK(frames[0].module == self);

  std::uintptr_t bias = 1;
  dl_iterate_phdr(
      [](dl_phdr_info *info, std::size_t, void *into) {
        *static_cast<std::uintptr_t *>(into) = info->dlpi_addr;
        return 1;
      },
      &bias);
  CHECK(frames[0].module_offset == reinterpret_cast<std::uintptr_t>(address) - bias);

  const elf_file file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  loaded_module module;
  find_module(address, module);
  REQUIRE(module.build_id_size >= 16);
  CHECK(frames[0].build_id == hex(module.build_id, module.build_id_size));
  CHECK(file.has_build_id(module.build_id, module.build_id_size));
  module.build_id[3] ^= 1;
  CHECK_FALSE(file.has_build_id(module.build_id, module.build_id_size));
}

TEST_CASE("Frames are appended, and an address seen before gives the same ones") {
  int ignored = 0;
  around_inlined(ignored);
  std::vector<resolved_frame> frames;
  process_symbolizer().forget();
  for (int i = 0; i < 3; ++i) resolve(inner_address, frames, symbolizer_stage::libdw);
  resolve(in_static_function(0).address, frames, symbolizer_stage::libdw);
  resolve(inner_address, frames, symbolizer_stage::libdw);
  REQUIRE(frames.size() == 9);
  for (const std::size_t i : {2u, 4u, 7u}) {
    CHECK(frames[i].function == frames[0].function);
    CHECK(frames[i].inlined);
    CHECK(frames[i + 1].function == frames[1].function);
    CHECK(frames[i + 1].line == frames[1].line);
  }
  CHECK(contains(frames[6].function, "in_static_function"));
}

TEST_CASE("An address in no module still gives one frame") {
  const std::vector<char> heap(100);
  for (const void *address : {static_cast<const void *>(nullptr), reinterpret_cast<const void *>(16),
                              reinterpret_cast<const void *>(UINTPTR_MAX), static_cast<const void *>(heap.data())}) {
    const auto frames = resolve_all(address, symbolizer_stage::libdw);
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].address == address);
    CHECK(frames[0].function.empty());
    CHECK(frames[0].module.empty());
  }
}

TEST_CASE("Eight threads resolve at once") {
  int ignored = 0;
  around_inlined(ignored);
  const void *const addresses[] = {in_static_function(0).address, inner_address, dlsym(RTLD_DEFAULT, "a64l"),
                                   dlsym(RTLD_DEFAULT, "lsearch"), run([] {
                                                                     return site{call_site(), 0};
                                                                   }).address};
  std::vector<std::string> expected;
  for (const void *address : addresses) expected.push_back(resolve_all(address, symbolizer_stage::libdw)[0].function);
  process_symbolizer().forget();

  std::atomic<int> wrong{0}, right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const std::size_t which = static_cast<std::size_t>(i + t) % expected.size();
        const auto stage = static_cast<symbolizer_stage>((i / 5 + t) % 4);
        const auto frames = resolve_all(addresses[which], stage);
        const bool same = frames[0].function == expected[which];
        if (stage == symbolizer_stage::libdw) ++(same ? right : wrong);
      }
    });
  }
  for (auto &thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(right > 0);
}

TEST_CASE("libdw is started once and reads each module once") {
  REQUIRE(libdw::load() != nullptr);
  CHECK(libdw::load() == libdw::load());
  auto &state = process_symbolizer();
  const site here = in_static_function(0);
  resolve_all(here.address, symbolizer_stage::libdw);
  const std::size_t opened = state.debug.opened();
  const std::size_t loads = state.symbols.loads();
  for (int i = 0; i < 20; ++i) {
    state.cache.forget();
    CHECK(resolve_all(here.address, symbolizer_stage::libdw)[0].line == here.line);
  }
  CHECK(state.debug.sessions() == 1);
  CHECK(state.debug.opened() == opened);
  CHECK(state.symbols.loads() == loads);
}

TEST_CASE("After a module was unloaded everything is read anew") {
  REQUIRE(libdw::load() != nullptr);
  const site here = in_static_function(0);
  void *const library = dlopen("libthread_db.so.1", RTLD_LAZY | RTLD_LOCAL);
  REQUIRE(library != nullptr);
  const void *const gone = dlsym(library, "td_init");
  CHECK(contains(resolve_all(gone, symbolizer_stage::libdw)[0].function, "td_init"));
  const std::size_t opened = process_symbolizer().debug.opened();
  REQUIRE(dlclose(library) == 0);
  CHECK(resolve_all(here.address, symbolizer_stage::libdw)[0].line == here.line);
  CHECK(process_symbolizer().debug.opened() == opened + 1);
  CHECK(resolve_all(gone, symbolizer_stage::libdw)[0].module.empty());
}

TEST_CASE("A truncated ELF file is refused or read, and never read beyond its end") {
  damaged_file file;
  CHECK(file.read_names() > 1000);
  std::size_t steps = 0;
  for (off_t size = file.size; size > 0; size -= 1 + size / 20, ++steps) {
    REQUIRE(ftruncate(file.descriptor, size) == 0);
    file.read_names();
  }
  CHECK(steps > 100);
  REQUIRE(ftruncate(file.descriptor, 0) == 0);
  CHECK(file.read_names() == 0);
}

TEST_CASE("An ELF file with garbage in its headers is refused or read") {
  damaged_file file;
  ElfW(Ehdr) header;
  REQUIRE(pread(file.descriptor, &header, sizeof header, 0) == static_cast<ssize_t>(sizeof header));
  std::uint64_t random = 88172645463325252u;  // xorshift: the same damage in every run
  const auto next = [&random] {
    random ^= random << 13;
    random ^= random >> 7;
    return random ^= random << 17;
  };
  std::vector<char> sections(std::size_t{header.e_shnum} * sizeof(ElfW(Shdr)));
  REQUIRE(pread(file.descriptor, sections.data(), sections.size(), static_cast<off_t>(header.e_shoff)) > 0);
  for (int round = 0; round < 300; ++round) {
    auto damaged = sections;
    ElfW(Ehdr) damaged_header = header;
    for (int i = 0; i < 20; ++i) damaged[next() % damaged.size()] = static_cast<char>(next());
    if (round % 3 == 0) reinterpret_cast<char *>(&damaged_header)[16 + next() % 48] = static_cast<char>(next());
    REQUIRE(pwrite(file.descriptor, &damaged_header, sizeof header, 0) > 0);
    REQUIRE(pwrite(file.descriptor, damaged.data(), damaged.size(), static_cast<off_t>(header.e_shoff)) > 0);
    file.read_names();
  }
  // What is whole again is read again: the rounds above did get as far as the reader.
  REQUIRE(pwrite(file.descriptor, &header, sizeof header, 0) > 0);
  REQUIRE(pwrite(file.descriptor, sections.data(), sections.size(), static_cast<off_t>(header.e_shoff)) > 0);
  CHECK(file.read_names() > 1000);
}

TEST_CASE("What is no ELF file at all has no symbols") {
  CHECK_FALSE(elf_file(-1).valid());
  CHECK_FALSE(elf_file(open("/", O_RDONLY | O_CLOEXEC)).valid());
  CHECK_FALSE(elf_file(open("/dev/zero", O_RDONLY | O_CLOEXEC)).valid());
  CHECK_FALSE(elf_file(open("/proc/self/maps", O_RDONLY | O_CLOEXEC)).valid());
}

TEST_CASE("A note that lies about its size has no build ID") {
  struct {
    ElfW(Nhdr) header;
    char name[4];
    unsigned char id[8];
  } note = {{4, 8, NT_GNU_BUILD_ID}, {'G', 'N', 'U', 0}, {1, 2, 3, 4, 5, 6, 7, 8}};
  const auto *bytes = reinterpret_cast<const unsigned char *>(&note);
  unsigned char id[64];
  REQUIRE(find_build_id(bytes, sizeof note, 4, id) == 8);
  CHECK(id[7] == 8);
  for (std::size_t size = 0; size < sizeof note; ++size) CHECK(find_build_id(bytes, size, 4, id) == 0);
  for (const std::uint32_t lie : {9u, 65u, 0x7fffffffu, 0xfffffffdu, 0xffffffffu}) {
    note.header.n_descsz = lie;
    CHECK(find_build_id(bytes, sizeof note, 4, id) == 0);
    note.header.n_descsz = 8;
    note.header.n_namesz = lie;
    CHECK(find_build_id(bytes, sizeof note, 4, id) == 0);
    note.header.n_namesz = 4;
  }
}

TEST_CASE("A debug link is checked by CRC-32") {
  const int file = memfd_create("crc", MFD_CLOEXEC);
  REQUIRE(write(file, "123456789", 9) == 9);
  CHECK(libdw::has_crc(file, 0xcbf43926u));
  CHECK_FALSE(libdw::has_crc(file, 0xcbf43927u));
  close(file);
}

TEST_CASE("The fallback is asked for what the symbol table does not say, where libdw is not used") {
  fallback_function *const before =
      fallback_resolver.exchange([](const void *, std::string &function, std::string &file, int &line) {
        function = "from the fallback";
        file = "fallback.cpp";
        line = 17;
        return true;
      });
  const void *const address = in_static_function(0).address;
  const auto frames = resolve_all(address, symbolizer_stage::elf);
  const auto with_libdw = resolve_all(address, symbolizer_stage::libdw);
  fallback_resolver.store(before);
  CHECK(contains(frames[0].function, "in_static_function"));
  CHECK(frames[0].file == "fallback.cpp");
  CHECK(frames[0].line == 17);
  CHECK(contains(with_libdw[0].file, "symbolize_test.cpp"));
}
