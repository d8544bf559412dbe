// SPDX-License-Identifier: BSL-1.0
/// @file symbolize_libdw.hpp
/// Functions, inlined functions, files and lines from debug information, read by libdw.
#ifndef CGO_GUARD_SYMBOLIZE_LIBDW_HPP
#define CGO_GUARD_SYMBOLIZE_LIBDW_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "../../config.hpp"
#include "debug_sections.hpp"
#include "demangle.hpp"
#include "libdw.hpp"
#include "loaded_module.hpp"
#include "symbolize_elf.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// What debug information says about one function at an address. The name is still the linker's where mangled is set.
struct debug_frame {
  std::string function;
  bool mangled = false;
  std::string file;
  int line = 0;
  int column = 0;
};

/// libdw's view of this process. Not thread-safe: the symbolizer's mutex guards it.
///
/// libdw has its own ways from an address to a unit and to a function (dwfl_module_addrdie, dwarf_getscopes). Neither
/// is enough: the first needs .debug_aranges, which clang does not write; the second looks for functions in units and
/// namespaces, while GCC puts a lambda's body inside the function around it, and every guarded block is a lambda. The
/// indexes below find both, and make the second lookup in a unit a binary search.
class libdw_session {
 public:
  /// Replaces `out` by what is known of the address, an element for each inlined function and one for the real one.
  /// @param symbol the raw name that the symbol table has for the address, or nullptr.
  /// @return false when there is no debug information for the address.
  bool find(const libdw::api &api, const loaded_module &module, const void *address, const char *symbol,
            std::vector<debug_frame> &out) {
    out.clear();
    api_ = &api;
    module_state *const state = find_module_state(module);
    if (state == nullptr) return false;
    std::uint64_t bias = 0;
    const auto absolute = reinterpret_cast<std::uintptr_t>(address);
    if (api.module_getdwarf(state->module, &bias) == nullptr) return false;
    const std::uint64_t pc = absolute - bias;
    libdw::dwarf_die *const unit = find_unit(*state, absolute, pc);
    if (unit == nullptr) return false;

    std::vector<libdw::dwarf_die> chain;  // the function, then what is inlined at pc, outermost first
    libdw::dwarf_die function;
    if (find_function(*state, unit, pc, function)) {
      chain.push_back(function);
      collect_inlined(function, pc, 0, chain);
    }
    out.resize(std::max<std::size_t>(chain.size(), 1));
    locate(unit, pc, out.front());
    for (std::size_t i = 0; i < chain.size(); ++i) {
      auto &die = chain[chain.size() - 1 - i];
      name(die, i + 1 == chain.size() ? symbol : nullptr, out[i]);
      if (i + 1 < chain.size()) locate_call(unit, die, out[i + 1]);
    }
    return true;
  }

  /// Drops every module: some were unloaded, and others may have taken their addresses.
  void forget() {
    modules_.clear();
    if (session_ == nullptr) return;
    api_->report_begin(session_);
    api_->report_end(session_, nullptr, nullptr);
  }

  std::size_t sessions() const { return sessions_; }  ///< how often libdw was started: 0 or 1
  std::size_t opened() const { return opened_; }      ///< how many modules were opened so far

 private:
  struct unit_range {
    std::uint64_t begin, end;
    libdw::dwarf_die *unit;
  };
  struct function_range {
    std::uint64_t begin, end;
    libdw::dwarf_die die;
  };
  struct unit_functions {
    libdw::dwarf_die *unit;
    std::vector<function_range> functions;
  };
  struct module_state {
    std::uintptr_t begin = 0;
    libdw::dwfl_module *module = nullptr;
    bool indexed = false;
    std::vector<unit_range> units;
    std::vector<unit_functions> functions;
  };

  template <class Range>
  static const Range *find_range(const std::vector<Range> &sorted, std::uint64_t pc) {
    auto at = std::upper_bound(sorted.begin(), sorted.end(), pc,
                               [](std::uint64_t value, const Range &range) { return value < range.begin; });
    if (at == sorted.begin()) return nullptr;
    --at;
    return pc < at->end ? &*at : nullptr;
  }

  template <class Range>
  static void sort_ranges(std::vector<Range> &ranges) {
    std::stable_sort(ranges.begin(), ranges.end(), [](const Range &a, const Range &b) { return a.begin < b.begin; });
  }

  module_state *find_module_state(const loaded_module &module) {
    for (const auto &known : modules_) {
      if (known->begin == module.begin) return known->module != nullptr ? known.get() : nullptr;
    }
    modules_.push_back(std::make_unique<module_state>());
    module_state &state = *modules_.back();
    state.begin = module.begin;
    if (session_ == nullptr) {
      static const libdw::dwfl_callbacks callbacks = {&libdw::find_no_elf, &libdw::find_debuginfo, nullptr, nullptr};
      session_ = api_->begin(&callbacks);
      if (session_ == nullptr) return nullptr;
      ++sessions_;
    }
    // One module at a time, with the address the dynamic linker gave it. dwfl_linux_proc_report would read it out of
    // /proc/self/maps, where a second mapping of the same file by somebody else shifts it, and would leave descriptors
    // open that children inherit.
    const int descriptor = open_module(module);
    if (descriptor < 0) return nullptr;
    const elf_file file(fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
    if (!file.valid() || !file.has_build_id(module.build_id, module.build_id_size)) {
      close(descriptor);  // another build's lines would be wrong, which is worse than none
      return nullptr;
    }
    api_->report_begin_add(session_);
    state.module = api_->report_elf(session_, module.path, module.path, descriptor, module.bias, true);
    api_->report_end(session_, nullptr, nullptr);
    if (state.module == nullptr) {
      close(descriptor);
      return nullptr;
    }
    leave_out_sections(*api_, state.module);
    ++opened_;
    return &state;
  }

  libdw::dwarf_die *find_unit(module_state &state, std::uint64_t absolute, std::uint64_t pc) {
    std::uint64_t bias = 0;
    // Fast where .debug_aranges is there. It also answers for the gaps between its ranges, hence the second question.
    libdw::dwarf_die *unit = api_->module_addrdie(state.module, absolute, &bias);
    if (unit != nullptr && api_->haspc(unit, pc) == 1) return unit;
    if (!state.indexed) {
      state.indexed = true;
      for (unit = api_->module_nextcu(state.module, nullptr, &bias); unit != nullptr;
           unit = api_->module_nextcu(state.module, unit, &bias)) {
        each_range(*unit, [&](std::uint64_t begin, std::uint64_t end) {
          state.units.push_back(unit_range{begin, end, unit});
        });
      }
      sort_ranges(state.units);
    }
    const unit_range *range = find_range(state.units, pc);
    return range != nullptr ? range->unit : nullptr;
  }

  /// The unit in the .dwo file, of which -gsplit-dwarf leaves only a skeleton in the program.
  libdw::dwarf_die whole(const libdw::dwarf_die &unit) {
    libdw::dwarf_die split{};
    const bool known = api_->cu_info != nullptr &&
                       api_->cu_info(unit.cu, nullptr, nullptr, nullptr, &split, nullptr, nullptr, nullptr) == 0;
    return known && split.address != nullptr ? split : unit;
  }

  bool find_function(module_state &state, libdw::dwarf_die *unit, std::uint64_t pc, libdw::dwarf_die &function) {
    auto known = std::find_if(state.functions.begin(), state.functions.end(),
                              [unit](const unit_functions &u) { return u.unit == unit; });
    if (known == state.functions.end()) {
      state.functions.push_back(unit_functions{unit, {}});
      known = state.functions.end() - 1;
      libdw::dwarf_die root = whole(*unit);
      index_functions(root, 0, known->functions);
      sort_ranges(known->functions);
    }
    const function_range *range = find_range(known->functions, pc);
    if (range != nullptr) function = range->die;
    return range != nullptr;
  }

  template <class Action>
  void each_range(libdw::dwarf_die &die, Action action) {
    std::uint64_t base = 0, begin = 0, end = 0;
    std::ptrdiff_t offset = 0;
    while ((offset = api_->ranges(&die, offset, &base, &begin, &end)) > 0) {
      // A function the linker threw away keeps its entry, at address 0 or 1.
      if (begin > 1 && begin < end) action(begin, end);
    }
  }

  template <class Action>
  void each_child(libdw::dwarf_die &die, Action action) {
    libdw::dwarf_die child;
    for (int result = api_->child(&die, &child); result == 0; result = api_->siblingof(&child, &child)) action(child);
  }

  // Deeper than any source nests, and shallow enough for a small stack when the file is hostile.
  static constexpr int max_depth = 100;

  void index_functions(libdw::dwarf_die &parent, int depth, std::vector<function_range> &functions) {
    if (depth > max_depth) return;
    each_child(parent, [&](libdw::dwarf_die &die) {
      switch (api_->die_tag(&die)) {
        case libdw::tag_subprogram:
          each_range(die, [&](std::uint64_t begin, std::uint64_t end) {
            functions.push_back(function_range{begin, end, die});
          });
          index_functions(die, depth + 1, functions);
          break;
        case libdw::tag_class:
        case libdw::tag_structure:
        case libdw::tag_union:
        case libdw::tag_namespace:
        case libdw::tag_lexical_block: index_functions(die, depth + 1, functions); break;
        default: break;
      }
    });
  }

  void collect_inlined(libdw::dwarf_die parent, std::uint64_t pc, int depth, std::vector<libdw::dwarf_die> &chain) {
    if (depth > max_depth) return;
    bool found = false;
    each_child(parent, [&](libdw::dwarf_die &die) {
      if (found) return;
      libdw::dwarf_attribute attribute;
      switch (api_->die_tag(&die)) {
        case libdw::tag_inlined:
          if (api_->haspc(&die, pc) != 1) return;
          found = true;
          chain.push_back(die);
          collect_inlined(die, pc, depth + 1, chain);
          return;
        case libdw::tag_lexical_block:
        case libdw::tag_try_block:
        case libdw::tag_catch_block: {
          const bool everywhere = api_->attr(&die, libdw::at_low_pc, &attribute) == nullptr &&
                                  api_->attr(&die, libdw::at_ranges, &attribute) == nullptr;
          if (!everywhere && api_->haspc(&die, pc) != 1) return;
          const std::size_t before = chain.size();
          collect_inlined(die, pc, depth + 1, chain);
          found = !everywhere || chain.size() != before;
          return;
        }
        default: return;
      }
    });
  }

  // Relative to the directory of the compilation, unless it is absolute.
  std::string full_path(libdw::dwarf_die *unit, const char *file) {
    if (file == nullptr) return std::string();
    if (file[0] == '/') return file;
    libdw::dwarf_attribute attribute;
    const char *directory = api_->formstring(api_->attr_integrate(unit, libdw::at_comp_dir, &attribute));
    return directory != nullptr ? std::string(directory) + "/" + file : std::string(file);
  }

  void locate(libdw::dwarf_die *unit, std::uint64_t pc, debug_frame &frame) {
    libdw::dwarf_line *line = api_->getsrc_die(unit, pc);
    // Line 0 is how a compiler says that an instruction belongs to no line.
    if (line == nullptr || api_->lineno(line, &frame.line) != 0 || frame.line <= 0) {
      frame.line = 0;
      return;
    }
    if (api_->linecol(line, &frame.column) != 0) frame.column = 0;
    frame.file = full_path(unit, api_->linesrc(line, nullptr, nullptr));
  }

  void locate_call(libdw::dwarf_die *unit, libdw::dwarf_die &inlined, debug_frame &caller) {
    const auto number = [&](unsigned int name) {
      libdw::dwarf_attribute attribute;
      std::uint64_t value = 0;
      const bool known = api_->formudata(api_->attr(&inlined, name, &attribute), &value) == 0;
      return known && value <= 0x7fffffff ? static_cast<int>(value) : 0;
    };
    caller.line = number(libdw::at_call_line);
    caller.column = number(libdw::at_call_column);
    const int file = number(libdw::at_call_file);
    libdw::dwarf_files *files = nullptr;
    std::size_t count = 0;
    libdw::dwarf_die root = whole(*unit);
    if (api_->getsrcfiles(&root, &files, &count) != 0 || static_cast<std::size_t>(file) >= count) return;
    caller.file = full_path(unit, api_->filesrc(files, static_cast<std::size_t>(file), nullptr, nullptr));
  }

  const char *text(libdw::dwarf_die &die, unsigned int name) {
    libdw::dwarf_attribute attribute;
    return api_->formstring(api_->attr_integrate(&die, name, &attribute));
  }

  const char *linkage_name(libdw::dwarf_die &die) {
    const char *raw = text(die, libdw::at_linkage_name);
    if (raw == nullptr) raw = text(die, libdw::at_mips_linkage_name);
    return raw != nullptr && raw[0] == '_' && raw[1] == 'Z' ? raw : nullptr;
  }

  /// What the debug information puts around a function, innermost first. dwarf_getscopes_die enters every scope of the
  /// unit before the right one, which was a fifth of the first stack; entries lie in the order of their addresses, so
  /// what holds this one is the last that begins before it.
  std::vector<libdw::dwarf_die> scopes(libdw::dwarf_die &die) {
    std::vector<libdw::dwarf_die> path(1);
    if (api_->diecu(&die, &path[0], nullptr, nullptr) == nullptr) return {};
    const auto before = [](const void *a, const void *b) { return std::less<const void *>()(a, b); };
    for (int depth = 0; depth < max_depth; ++depth) {
      libdw::dwarf_die at, next;
      if (api_->child(&path.back(), &at) != 0 || before(die.address, at.address)) return {};
      while (before(at.address, die.address) && api_->siblingof(&at, &next) == 0 &&
             !before(die.address, next.address)) {
        at = next;
      }
      if (at.address == die.address) break;
      path.push_back(at);
    }
    std::reverse(path.begin(), path.end());
    return path;
  }

  void name(libdw::dwarf_die die, const char *symbol, debug_frame &frame) {
    // GCC gives a static function no linkage name. The symbol table has it, and it says `helper(int)` where the debug
    // information would say `helper`.
    const char *raw = linkage_name(die);
    const bool symbol_mangled = symbol != nullptr && symbol[0] == '_' && symbol[1] == 'Z';
    if (raw == nullptr && symbol_mangled) raw = symbol;
    if (raw != nullptr) {
      frame.function = raw;
      frame.mangled = true;
      return;
    }
    const char *own = text(die, libdw::at_name);
    if (own == nullptr) return;
    frame.function = own;
    if (symbol != nullptr) {  // not mangled: a function with C linkage, which has no scopes
      // Inside libc it is `_IO_puts`. Its callers wrote `puts`.
      if (own[0] == '_' && symbol[0] != '_') frame.function.assign(symbol, std::strcspn(symbol, "@"));
      return;
    }
    // An inlined static function or lambda, or a function of C: its scopes are those of its declaration.
    libdw::dwarf_attribute attribute;
    for (int i = 0; i < 8; ++i) {
      libdw::dwarf_attribute *link = api_->attr(&die, libdw::at_abstract_origin, &attribute);
      if (link == nullptr) link = api_->attr(&die, libdw::at_specification, &attribute);
      libdw::dwarf_die target;
      if (link == nullptr || api_->formref_die(link, &target) == nullptr) break;
      die = target;
    }
    for (libdw::dwarf_die &around : scopes(die)) {
      const int tag = api_->die_tag(&around);
      const bool function = tag == libdw::tag_subprogram;
      if (!function && tag != libdw::tag_namespace && tag != libdw::tag_class && tag != libdw::tag_structure &&
          tag != libdw::tag_union) {
        continue;
      }
      if (const char *scope_name = function ? linkage_name(around) : nullptr) {
        frame.function = demangled(scope_name) + "::" + frame.function;
        break;  // a mangled name is complete
      }
      const char *scope = text(around, libdw::at_name);
      // GCC's lambdas are nameless types. Another nameless type with an operator() would be taken for one: no great
      // harm.
      const char *nameless = tag == libdw::tag_namespace                        ? "(anonymous namespace)"
                             : frame.function.compare(0, 10, "operator()") == 0 ? "{lambda()}"
                                                                                : "{unnamed type}";
      frame.function = std::string(scope != nullptr ? scope : nameless) + "::" + frame.function;
    }
  }

  const libdw::api *api_ = nullptr;
  libdw::dwfl *session_ = nullptr;
  std::vector<std::unique_ptr<module_state>> modules_;
  std::size_t sessions_ = 0;
  std::size_t opened_ = 0;
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_SYMBOLIZE_LIBDW_HPP
