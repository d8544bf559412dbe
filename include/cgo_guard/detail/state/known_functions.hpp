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
#include <new>
#include <utility>

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
#include <unwind.h>

#include "../frames/frame_cache.hpp"
#include "../runtime/cxx.hpp"
#include "../runtime/exported_functions.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// What it means that a function is on a stack.
enum function_role : unsigned {
  allocates = 1,       ///< malloc and its relatives
  allocates_cpp = 2,   ///< operator new and delete: they may also throw, and call a new_handler
  aborts = 4,          ///< abort itself
  only_reports = 8,    ///< reports and aborts: the story begins with its caller
  throws = 16,         ///< the machinery of a throw: not part of its stack
  may_terminate = 32,  ///< with SIGABRT below it on the stack, it means std::terminate
  rethrows = 64,       ///< `throw;` itself
  raises = 128,        ///< sends its thread a signal
};

struct known_name {
  const char *name;
  unsigned roles;
};

constexpr known_name known_names[] = {
    {"malloc", allocates},
    {"free", allocates},
    {"calloc", allocates},
    {"realloc", allocates},
    {"memalign", allocates},
    {"aligned_alloc", allocates},
    {"posix_memalign", allocates},
    {"valloc", allocates},
    {"pvalloc", allocates},
    {"reallocarray", allocates},
    {"malloc_trim", allocates},
    {"malloc_usable_size", allocates},
    {"mallinfo2", allocates},
    {"_Znwm", allocates_cpp},
    {"_Znam", allocates_cpp},
    {"_ZnwmRKSt9nothrow_t", allocates_cpp},
    {"_ZnamRKSt9nothrow_t", allocates_cpp},
    {"_ZnwmSt11align_val_t", allocates_cpp},
    {"_ZnamSt11align_val_t", allocates_cpp},
    {"_ZnwmSt11align_val_tRKSt9nothrow_t", allocates_cpp},
    {"_ZnamSt11align_val_tRKSt9nothrow_t", allocates_cpp},
    {"_ZdlPv", allocates_cpp},
    {"_ZdaPv", allocates_cpp},
    {"_ZdlPvm", allocates_cpp},
    {"_ZdaPvm", allocates_cpp},
    {"_ZdlPvRKSt9nothrow_t", allocates_cpp},
    {"_ZdaPvRKSt9nothrow_t", allocates_cpp},
    {"_ZdlPvSt11align_val_t", allocates_cpp},
    {"_ZdaPvSt11align_val_t", allocates_cpp},
    {"_ZdlPvmSt11align_val_t", allocates_cpp},
    {"_ZdaPvmSt11align_val_t", allocates_cpp},
    {"abort", aborts | only_reports | raises},
    {"raise", raises},
    {"__assert_fail", only_reports},
    {"__stack_chk_fail", only_reports},
    {"__cxa_pure_virtual", only_reports},
    {"__cxa_deleted_virtual", only_reports},
#if defined(CGO_GUARD_CXX_CHECK)
    {CGO_GUARD_CXX_CHECK, only_reports},
#endif
    {"__cxa_throw", throws | may_terminate},
    {"__cxa_rethrow", throws | may_terminate | rethrows},
    {cxx::rethrow_exception_name, throws | may_terminate},
    {"__cxa_rethrow_primary_exception", throws | may_terminate},  // what libc++'s calls
    {"_Unwind_RaiseException", throws | may_terminate},
    {"_Unwind_Resume_or_Rethrow", throws | may_terminate},
    {"_Unwind_Resume", may_terminate},
    {"__gxx_personality_v0", may_terminate},
    {"__cxa_begin_catch", may_terminate},
    {"__cxa_call_terminate", may_terminate},
    {"_ZSt9terminatev", may_terminate},
};

class known_functions {
 public:
  /// Takes the loader's lock; ordinary context only.
  void look_up() noexcept {
    if (looked_up_) return;
    looked_up_ = true;
    count_ = 0;
    for (const known_name &known : known_names) {
      address_range range;
      if (find(known.name, range)) add(range, known.roles);
      // That may have been ours, which hands on to the next one.
      if ((known.roles & throws) != 0 && find_next(known.name, range)) add(range, known.roles);
      if (known.roles == allocates && malloc_ == 0) malloc_ = range.begin;
      if ((known.roles & aborts) != 0) abort_ = range.begin;
    }
    for (const char *const name : libc::own_allocator_names) {
      address_range range;
      if (find(name, range)) add(range, allocates);
    }
    libc_ = module_of(abort_);
    allow_lasting_modules();
    find_out_about_the_allocator();
    sort();
    last_words_.look_up();
    std::get_new_handler();  // so that the signal handler finds it bound
  }

  /// Of the function at a program counter: a set of function_role.
  unsigned roles_of(std::uintptr_t pc) const noexcept {
    if (!all_.contains(pc)) return 0;
    int from = 0, to = count_;
    while (to - from > 1) {
      const int middle = (from + to) / 2;
      (known_[middle].range.begin <= pc ? from : to) = middle;
    }
    return known_[from].range.contains(pc) ? known_[from].roles : 0;
  }
  /// Whether an address is in a library that is an allocator and nothing else.
  bool is_in_allocator(std::uintptr_t pc) const noexcept { return only_allocates_ && with_allocator_.contains(pc); }
  /// Whether it is in a module that an allocator is in, if that is not libc.
  bool is_with_allocator(std::uintptr_t pc) const noexcept { return with_allocator_.contains(pc); }
  bool is_abort(std::uintptr_t pc) const noexcept { return (roles_of(pc) & aborts) != 0; }
  /// Where a thread sends itself a signal.
  bool is_raising(std::uintptr_t pc) const noexcept { return (roles_of(pc) & raises) != 0; }
  bool is_rethrow(std::uintptr_t pc) const noexcept { return (roles_of(pc) & rethrows) != 0; }
  bool is_libc(std::uintptr_t pc) const noexcept { return libc_.contains(pc); }
  bool is_throwing(std::uintptr_t pc) const noexcept { return (roles_of(pc) & throws) != 0; }
  bool is_last_words(std::uintptr_t pc) const noexcept { return (roles_of(pc) & only_reports) != 0; }
  bool is_terminating(std::uintptr_t pc) const noexcept { return (roles_of(pc) & may_terminate) != 0; }

  const libc::last_words &last_words() const noexcept { return last_words_; }

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
                                        reinterpret_cast<std::uintptr_t>(arch::cgo_guard_v1_returned), abort_,
                                        address_of("__cxa_end_catch"), address_of("_Unwind_Resume")};
    for (std::uintptr_t address : in_module) {
      if (address != 0) lasting.allow(module_of(address));
    }
  }

  static std::uintptr_t address_of(const char *name) noexcept {
    address_range range;
    return find(name, range) ? range.begin : 0;
  }

  /// An allocator that is not libc's. Its functions reach each other by jumps, which leave no `free` on the stack.
  ///
  /// In a library that is an allocator and nothing else, all code is the allocator's. Not so in a program or library
  /// that brings one along with other work, nor in a sanitizer's runtime, which has copies of half of libc: there the
  /// functions count that those known by name jump to.
  void find_out_about_the_allocator() noexcept {
    if (libc_.contains(malloc_)) {
      if (libc::allocator_has_nameless_functions) add_what_they_jump_to(libc_);
      return;
    }
    with_allocator_ = module_of(malloc_);
    const address_range &module = with_allocator_;
    const bool is_main = module.contains(static_cast<std::uintptr_t>(getauxval(AT_PHDR)));
    const bool is_ours = module.contains(reinterpret_cast<std::uintptr_t>(arch::cgo_guard_v1_returned));
    only_allocates_ = !is_main && !is_ours && only_allocates(malloc_);
    if (!only_allocates_) add_what_they_jump_to(module);
  }

  /// Whether a library exports nothing but an allocator's functions, as jemalloc does. Ends at the first other one,
  /// which is among the first few symbols of a library that has any. tcmalloc and mimalloc export their tools as well.
  static bool only_allocates(std::uintptr_t in_module) noexcept {
    libc::module_at module;
    if (!module.ask_for(in_module)) return false;
    bool some = false;
    const bool other = find_exported_function(module, [&](const ElfW(Sym) &, const char *name) noexcept {
      some = true;
      return !is_allocators(name);
    });
    return some && !other;
  }

  static bool is_allocators(const char *name) noexcept {
    for (const char *part : {"alloc", "free", "memalign", "mallctl"}) {
      if (std::strstr(name, part) != nullptr) return true;
    }
    for (const known_name &known : known_names) {
      if ((known.roles & (allocates | allocates_cpp)) != 0 && std::strcmp(known.name, name) == 0) return true;
    }
    return false;
  }

  /// The list grows on the way, so that it goes on to what those jump to. Among that is what calls a new_handler, so it
  /// counts as operator new does.
  void add_what_they_jump_to(const address_range &module) noexcept {
    for (int i = 0; i < count_; ++i) {
      const known_range from = known_[i];
      if ((from.roles & (allocates | allocates_cpp)) == 0 || !module.contains(from.range.begin)) continue;
      arch::find_jump(from.range.begin, from.range.end, [&](std::uintptr_t target) noexcept {
        frame_description function;
        // Bytes are not decoded, so most of what looks like a jump into the middle of a function is none.
        if (find_frame_description(target, function) && function.begin == target && module.contains(target)) {
          add({function.begin, function.end}, allocates_cpp);
        }
        return false;
      });
    }
  }

  static bool find(const char *name, address_range &out) noexcept {
    void *address = dlsym(RTLD_DEFAULT, name);
    if (address == nullptr) address = linked_in(name);
    if (address == nullptr) return false;
    if (measure(address, out)) return true;
    // Code that is linked for one address (-fno-pie, or any for 64-bit Arm) has the addresses of other modules'
    // functions as constants: those of the linker's stubs for them, which are then the functions' addresses for
    // everybody.
    if (arch::stub_target(out.begin) == 0) return true;
    find_next(name, out);
    return true;
  }

  static bool find_next(const char *name, address_range &out) noexcept {
    void *const address = dlsym(RTLD_NEXT, name);
    if (address != nullptr) measure(address, out);
    return address != nullptr;
  }

  /// The range of a function from its first byte on. @return false where nothing says its end; then it is one byte.
  static bool measure(void *function, address_range &out) noexcept {
    out.begin = reinterpret_cast<std::uintptr_t>(function);
    out.end = out.begin + 1;
    frame_description description;
    if (find_frame_description(out.begin, description) && description.begin == out.begin) {
      out.end = description.end;
    } else if (const std::uintptr_t size = libc::size_of_function(function)) {
      out.end = out.begin + size;
    }
    return out.end != out.begin + 1;
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
                     {"_Znwm", reinterpret_cast<void *>(static_cast<void *(*)(std::size_t)>(&::operator new))},
                     {"_ZdlPv", reinterpret_cast<void *>(static_cast<void (*)(void *)>(&::operator delete))},
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

  struct known_range {
    address_range range;
    unsigned roles = 0;
  };

  /// A function may have several names.
  void add(const address_range &range, unsigned roles) noexcept {
    for (int i = 0; i < count_; ++i) {
      if (known_[i].range.begin != range.begin) continue;
      known_[i].roles |= roles;
      return;
    }
    if (count_ < most_functions) known_[count_++] = {range, roles};
  }

  void sort() noexcept {
    for (int i = 1; i < count_; ++i) {
      for (int j = i; j > 0 && known_[j].range.begin < known_[j - 1].range.begin; --j) {
        std::swap(known_[j], known_[j - 1]);
      }
    }
    if (count_ != 0) all_ = {known_[0].range.begin, known_[count_ - 1].range.end};
  }

  static constexpr int most_functions = 128;
  known_range known_[most_functions];
  int count_ = 0;
  address_range all_, with_allocator_, libc_;
  std::uintptr_t malloc_ = 0, abort_ = 0;
  bool looked_up_ = false, only_allocates_ = false;
  libc::last_words last_words_;
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_KNOWN_FUNCTIONS_HPP
