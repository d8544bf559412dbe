// SPDX-License-Identifier: BSL-1.0
/// @file known_functions.hpp
/// Where the functions are whose presence on a stack means something: the allocator, abort, the throw. Looked up once,
/// in ordinary context, so that the signal handler only compares addresses.
#ifndef CGO_GUARD_KNOWN_FUNCTIONS_HPP
#define CGO_GUARD_KNOWN_FUNCTIONS_HPP

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <initializer_list>

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
#include <unwind.h>

#include "frame_cache.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// glibc's abort_msg_s: what assert and its like leave behind (assert/assert.c; GLIBC_PRIVATE, so nothing is promised,
/// and nothing but a message is lost when it goes).
struct abort_message {
  unsigned int size;
  char text[1];
};

class known_functions {
 public:
  /// Takes the loader's lock; ordinary context only.
  void look_up() noexcept {
    if (looked_up_) return;
    looked_up_ = true;
    static const char *const names[] = {
        "malloc", "free",    "calloc",       "realloc",     "memalign",           "aligned_alloc", "posix_memalign",
        "valloc", "pvalloc", "reallocarray", "malloc_trim", "malloc_usable_size", "mallinfo2"};
    allocator_count_ = 0;
    for (const char *name : names) {
      address_range range;
      if (!find(name, range)) continue;
      allocator_[allocator_count_++] = range;
      if (whole_allocator_.end == 0) whole_allocator_ = range;
      if (range.begin < whole_allocator_.begin) whole_allocator_.begin = range.begin;
      if (range.end > whole_allocator_.end) whole_allocator_.end = range.end;
    }
    find("abort", abort_);
    find("__cxa_rethrow", rethrow_);
    libc_ = module_of(abort_.begin);
    allow_lasting_modules();
    throwing_.count = 0;
    for (const char *name :
         {"__cxa_throw", "__cxa_rethrow", "_ZSt17rethrow_exceptionNSt15__exception_ptr13exception_ptrE",
          "_Unwind_RaiseException", "_Unwind_Resume_or_Rethrow"}) {
      throwing_.add(name);
    }
    last_words_.count = 0;
    for (const char *name : {"abort", "__assert_fail", "__stack_chk_fail", "__cxa_pure_virtual",
                             "__cxa_deleted_virtual", "_ZSt21__glibcxx_assert_failPKciS0_S0_"}) {
      last_words_.add(name);
    }
    terminating_.count = 0;
    for (const char *name :
         {"_ZSt9terminatev", "__cxa_call_terminate", "__gxx_personality_v0", "_Unwind_RaiseException", "_Unwind_Resume",
          "_Unwind_Resume_or_Rethrow", "__cxa_throw", "__cxa_rethrow",
          "_ZSt17rethrow_exceptionNSt15__exception_ptr13exception_ptrE", "__cxa_begin_catch"}) {
      terminating_.add(name);
    }
    raising_.count = 0;
    for (const char *name : {"raise", "abort"}) raising_.add(name);
    abort_message_ = static_cast<abort_message **>(dlvsym(RTLD_DEFAULT, "__abort_msg", "GLIBC_PRIVATE"));
  }

  bool is_allocator(std::uintptr_t pc) const noexcept {
    if (!whole_allocator_.contains(pc)) return false;
    for (int i = 0; i < allocator_count_; ++i) {
      if (allocator_[i].contains(pc)) return true;
    }
    return false;
  }
  bool is_rethrow(std::uintptr_t pc) const noexcept { return rethrow_.contains(pc); }
  bool is_abort(std::uintptr_t pc) const noexcept { return abort_.contains(pc); }
  /// Where a thread sends itself a signal.
  bool is_raising(std::uintptr_t pc) const noexcept { return raising_.contains(pc); }
  bool is_libc(std::uintptr_t pc) const noexcept { return libc_.contains(pc); }
  /// The machinery of a throw: not part of its stack.
  bool is_throwing(std::uintptr_t pc) const noexcept { return throwing_.contains(pc); }
  /// Functions that only report and abort: the story begins with their caller.
  bool is_last_words(std::uintptr_t pc) const noexcept { return last_words_.contains(pc); }
  /// With SIGABRT below it on the stack, each of these means std::terminate.
  bool is_terminating(std::uintptr_t pc) const noexcept { return terminating_.contains(pc); }

  /// The message glibc left last, or nullptr. Another thread may replace and unmap it: read it with care.
  const abort_message *last_abort_message() const noexcept {
    return abort_message_ != nullptr ? *const_cast<abort_message *volatile *>(abort_message_) : nullptr;
  }

 private:
  /// A loaded module as one range: its segments are mapped in one piece. Empty if the address is in none.
  static address_range module_of(std::uintptr_t address) noexcept {
    struct search {
      std::uintptr_t address;
      address_range found;
    } state{address, {}};
    dl_iterate_phdr(
        [](dl_phdr_info *info, std::size_t, void *arg) -> int {
          auto *const s = static_cast<search *>(arg);
          address_range whole{~std::uintptr_t{0}, 0};
          for (int i = 0; i < info->dlpi_phnum; ++i) {
            const auto &p = info->dlpi_phdr[i];
            if (p.p_type != PT_LOAD) continue;
            const std::uintptr_t begin = info->dlpi_addr + p.p_vaddr;
            if (begin < whole.begin) whole.begin = begin;
            if (begin + p.p_memsz > whole.end) whole.end = begin + p.p_memsz;
          }
          if (!whole.contains(s->address)) return 0;
          s->found = whole;
          return 1;
        },
        &state);
    return state.found;
  }

  /// See lasting_facts. The main program is the module of its program headers; ours that of the trampoline.
  void allow_lasting_modules() noexcept {
    const std::uintptr_t in_module[] = {static_cast<std::uintptr_t>(getauxval(AT_PHDR)),
                                        reinterpret_cast<std::uintptr_t>(arch::cgo_guard_v1_returned), abort_.begin,
                                        address_of("__cxa_throw"), address_of("_Unwind_Resume")};
    for (std::uintptr_t address : in_module) {
      if (address != 0) lasting.allow(module_of(address));
    }
  }

  static std::uintptr_t address_of(const char *name) noexcept {
    return reinterpret_cast<std::uintptr_t>(dlsym(RTLD_DEFAULT, name));
  }

  static bool find(const char *name, address_range &out) noexcept {
    void *address = dlsym(RTLD_DEFAULT, name);
    if (address == nullptr) address = linked_in(name);
    if (address == nullptr) return false;
    out.begin = reinterpret_cast<std::uintptr_t>(address);
    out.end = out.begin + 1;
    Dl_info info;
    void *symbol = nullptr;
    frame_description description;
    if (dladdr1(address, &info, &symbol, RTLD_DL_SYMENT) != 0 && symbol != nullptr) {
      out.end = out.begin + static_cast<const ElfW(Sym) *>(symbol)->st_size;
    } else if (find_frame_description(out.begin, description)) {
      out.end = description.end;
    }
    return true;
  }

  /// A static program has no dynamic symbols to ask for, but then what it calls is linked in.
  static void *linked_in(const char *name) noexcept {
    const struct {
      const char *name;
      void *address;
    } functions[] = {{"malloc", reinterpret_cast<void *>(&std::malloc)},
                     {"free", reinterpret_cast<void *>(&std::free)},
                     {"calloc", reinterpret_cast<void *>(&std::calloc)},
                     {"realloc", reinterpret_cast<void *>(&std::realloc)},
                     {"abort", reinterpret_cast<void *>(&std::abort)},
                     {"raise", reinterpret_cast<void *>(&std::raise)},
                     {"_ZSt9terminatev", reinterpret_cast<void *>(&std::terminate)},
                     {"__gxx_personality_v0", reinterpret_cast<void *>(&__gxx_personality_v0)},
                     {"_Unwind_RaiseException", reinterpret_cast<void *>(&_Unwind_RaiseException)},
                     {"_Unwind_Resume", reinterpret_cast<void *>(&_Unwind_Resume)},
                     {"_Unwind_Resume_or_Rethrow", reinterpret_cast<void *>(&_Unwind_Resume_or_Rethrow)}};
    for (const auto &f : functions) {
      if (std::strcmp(f.name, name) == 0) return f.address;
    }
    return nullptr;
  }

  struct range_list {
    address_range of[10];
    int count = 0;
    void add(const char *name) noexcept {
      if (find(name, of[count])) ++count;
    }
    bool contains(std::uintptr_t pc) const noexcept {
      for (int i = 0; i < count; ++i) {
        if (of[i].contains(pc)) return true;
      }
      return false;
    }
  };

  address_range allocator_[13], whole_allocator_, abort_, rethrow_, libc_;
  int allocator_count_ = 0;
  bool looked_up_ = false;
  range_list throwing_, last_words_, terminating_, raising_;
  abort_message **abort_message_ = nullptr;
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_KNOWN_FUNCTIONS_HPP
