// SPDX-License-Identifier: BSL-1.0
/// @file symbolize.hpp
/// From a code address to function, file and line, by whatever this process and machine have to offer.
///
/// Each fact is taken from the first that knows it, so a frame can have its line from one and its name from another:
/// debug information (libdw), the file's symbol table, the dynamic symbols (dladdr). Module, offset and build ID are
/// always there: with them, addr2line finds the rest in an unstripped copy of the file.
#ifndef CGO_GUARD_SYMBOLIZE_HPP
#define CGO_GUARD_SYMBOLIZE_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include <dlfcn.h>

#include "../../config.hpp"
#include "../runtime/loader_lock.hpp"
#include "demangle.hpp"
#include "libdw.hpp"
#include "loaded_module.hpp"
#include "noted_modules.hpp"
#include "resolved_frame.hpp"
#include "symbolize_elf.hpp"
#include "symbolize_libdw.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Where resolve() starts. Each stage falls back on those after it.
enum class symbolizer_stage { libdw, elf, dladdr, none };

/// The stage named by the environment variable CGO_GUARD_SYMBOLIZER (libdw, elf, dladdr or none), libdw where it is not
/// set or says anything else. Read once, on the first call: a process has one way of naming its frames, and getenv is
/// no safe neighbour of setenv. Thread-safe.
inline symbolizer_stage default_stage() {
  static const symbolizer_stage stage = [] {
    const char *name = std::getenv("CGO_GUARD_SYMBOLIZER");
    if (name == nullptr) return symbolizer_stage::libdw;
    if (std::strcmp(name, "elf") == 0) return symbolizer_stage::elf;
    if (std::strcmp(name, "dladdr") == 0) return symbolizer_stage::dladdr;
    if (std::strcmp(name, "none") == 0) return symbolizer_stage::none;
    return symbolizer_stage::libdw;
  }();
  return stage;
}

/// Somebody else who may know an address; asked when libdw was not used, for what the symbol table did not say.
/// Overwrites what it knows and @return whether that is anything. May be called from many threads at once.
using fallback_function = bool(const void *address, std::string &function, std::string &file, int &line);
inline std::atomic<fallback_function *> fallback_resolver{nullptr};

/// Addresses that were resolved before. The same few call sites fail again and again, and an inlined function costs up
/// to a millisecond to name. A slot holds the last address that fell on it, so the size is bounded and nothing needs
/// evicting.
class resolved_cache {
 public:
  struct slot {
    const void *address = nullptr;
    std::vector<resolved_frame> frames;
  };
  slot &at(const void *address) {
    if (slots_.empty()) slots_.resize(1024);
    const auto mixed = reinterpret_cast<std::uintptr_t>(address) * std::uintptr_t{0x9e3779b97f4a7c15u};
    return slots_[mixed >> (8 * sizeof mixed - 10)];
  }
  void forget() { slots_.clear(); }

 private:
  std::vector<slot> slots_;
};

/// All state of the symbolizer, behind its one mutex.
struct symbolizer {
  std::mutex mutex;
  unsigned long long unloads = 0;
  resolved_cache cache;  // of what libdw was asked; the other stages are quick
  libdw_session debug;
  symbol_tables symbols;

  /// Modules were unloaded, and others may have taken their addresses.
  void forget() {
    cache.forget();
    debug.forget();
    symbols.forget();
  }
};

/// One for the process, and never destroyed. One, because each costs what it costs to read the debug information, and a
/// Go process has as many threads as it likes. Never destroyed, because destructors of statics run while other threads
/// still may ask for a stack, and there is no order of destruction that suits them all.
inline symbolizer &process_symbolizer() {
  static symbolizer *const instance = new symbolizer;
  return *instance;
}

inline std::string hex(const unsigned char *bytes, std::size_t size) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * size);
  for (std::size_t i = 0; i < size; ++i) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

/// Appends what is known of `address`: at least one frame, inlined functions before the function they were inlined
/// into.
///
/// The address is that of an instruction or any byte of it. For a caller pass the return address minus one, as
/// cgo_guard_error::frames has it; nothing is subtracted here.
/// @param from the first stage to use.
/// @param modules the moment from which the address is (noted_modules.hpp), 0 for now. What has been unloaded since has
/// no names, but still a module, an offset and a build ID.
///
/// Ordinary context only: not async-signal-safe (heap, locks, files). Thread-safe: threads take turns. Not to be called
/// in the child of a fork whose parent may have been in here. May throw std::bad_alloc and nothing else.
inline void resolve(const void *address, std::vector<resolved_frame> &out, symbolizer_stage from = default_stage(),
                    std::uint64_t modules = 0) {
  // Whatever takes the dynamic linker's lock comes before the mutex, never under it; libdw::load() says why.
  loaded_module module;
  find_module(address, module);
  const auto pc = reinterpret_cast<std::uintptr_t>(address);
  if (const noted_module *then = modules_of_errors.find(pc, modules); then != nullptr && !then->is(module)) {
    resolved_frame frame;
    frame.address = address;
    frame.module = then->path;
    frame.module_offset = pc - then->bias;
    frame.build_id = hex(then->build_id, then->build_id_size);
    out.push_back(frame);
    return;
  }
  const libdw::api *api = module.found && from == symbolizer_stage::libdw ? libdw::load() : nullptr;

  std::vector<debug_frame> known(1);
  symbolizer &state = process_symbolizer();
  std::unique_lock<std::mutex> lock(state.mutex, std::defer_lock);
  if (module.found && from <= symbolizer_stage::elf) {
    lock.lock();
    if (state.unloads != module.unloads) state.forget();
    state.unloads = module.unloads;
    if (api != nullptr) {
      const auto &slot = state.cache.at(address);
      if (slot.address == address) {
        out.insert(out.end(), slot.frames.begin(), slot.frames.end());
        return;
      }
    }
    const char *symbol = state.symbols.find(module, address);
    if (api != nullptr && !state.debug.find(*api, module, address, symbol, known)) {
      known.assign(1, debug_frame());
    }
    if (known.back().function.empty() && symbol != nullptr) {
      known.back().function.assign(symbol, std::strcspn(symbol, "@"));  // memcpy@@GLIBC_2.14
      known.back().mangled = true;
    }
    lock.unlock();
  }

  debug_frame &real = known.back();
  fallback_function *fallback = fallback_resolver.load(std::memory_order_acquire);
  std::string function, file;
  int line = 0;
  // Boost's resolvers ask dladdr.
  if (api == nullptr && from <= symbolizer_stage::elf && fallback != nullptr && loader_may_be_asked() &&
      fallback(address, function, file, line)) {
    if (real.function.empty()) real.function = function;
    real.file = file;
    real.line = line;
  }
  Dl_info symbol;
  if (real.function.empty() && from <= symbolizer_stage::dladdr && loader_may_be_asked() &&
      dladdr(address, &symbol) != 0 && symbol.dli_sname != nullptr) {
    real.function = symbol.dli_sname;
    real.mangled = true;
  }

  resolved_frame frame;
  frame.address = address;
  if (module.found) {
    frame.module = module.path;
    frame.module_offset = pc - module.bias;
    frame.build_id = hex(module.build_id, module.build_id_size);
  }
  const std::size_t before = out.size();
  for (const auto &part : known) {
    frame.function = part.mangled ? demangled(part.function.c_str()) : part.function;
    frame.file = part.file;
    frame.line = part.line;
    frame.column = part.column;
    frame.inlined = &part != &real;
    out.push_back(frame);
  }
  if (api == nullptr) return;
  lock.lock();
  if (state.unloads != module.unloads) return;
  auto &slot = state.cache.at(address);
  slot.address = address;
  slot.frames.assign(out.begin() + static_cast<std::ptrdiff_t>(before), out.end());
}

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_SYMBOLIZE_HPP
