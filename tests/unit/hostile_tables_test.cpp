// SPDX-License-Identifier: BSL-1.0
// Unwind tables that were truncated, overwritten, or never were any: what reads them in a signal handler comes back.

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include <sys/mman.h>

#include <cgo_guard/detail/frames/frame_rules.hpp>
#include <cgo_guard/detail/frames/landing_pad.hpp>

#include "support.hpp"

using namespace cgo_guard::detail;

namespace {

/// Bytes as an assembler writes them.
class bytes {
 public:
  template <class T>
  bytes &put(T value) {
    const auto *const begin = reinterpret_cast<const unsigned char *>(&value);
    content_.insert(content_.end(), begin, begin + sizeof value);
    return *this;
  }
  bytes &u8(std::initializer_list<unsigned> values) {
    for (const unsigned value : values) content_.push_back(static_cast<unsigned char>(value));
    return *this;
  }
  bytes &text(const char *text) {
    content_.insert(content_.end(), text, text + std::strlen(text) + 1);
    return *this;
  }
  template <class T>
  void patch(std::size_t at, T value) {
    std::memcpy(&content_[at], &value, sizeof value);
  }
  std::size_t size() const { return content_.size(); }
  unsigned char &operator[](std::size_t i) { return content_[i]; }
  const unsigned char *data() const { return content_.data(); }
  void cut(std::size_t size) { content_.resize(size); }

 private:
  std::vector<unsigned char> content_;
};

/// .eh_frame_hdr, .eh_frame and .gcc_except_table of one function, in one piece. All addresses are relative, so it may
/// be anywhere. The function's code is taken to begin where the piece does; nobody reads it.
struct tables {
  bytes all;
  std::size_t lsda = 0, fde_length = 0, program = 0, sites_length = 0, first_action = 0;

  tables() {
    // .eh_frame_hdr: version, pcrel sdata4 for the frame, udata4 for the count, datarel sdata4 for the table of one.
    all.u8({1, 0x1b, 0x03, 0x3b}).put(std::int32_t{0}).put(std::uint32_t{1});
    const std::size_t entry = all.size();
    all.put(std::int32_t{0}).put(std::int32_t{0});

    const std::size_t cie = all.size();
    all.put(std::uint32_t{0}).put(std::uint32_t{0}).u8({1}).text("zLRS");
    all.u8({1, 0x78, 16});          // code by 1, data by -8, the return address in 16
    all.u8({2, 0x1b, 0x1b});        // both pcrel sdata4
    all.u8({0x0c, 7, 8, 0x90, 1});  // def_cfa r7, 8; r16 at cfa-8
    end_of_entry(cie);

    const std::size_t fde = all.size();
    fde_length = fde;
    all.put(std::uint32_t{0}).put(static_cast<std::uint32_t>(fde + 4 - cie));
    all.put(-static_cast<std::int32_t>(all.size())).put(code_size);
    const std::size_t lsda_field = all.size() + 1;
    all.u8({4}).put(std::int32_t{0});
    program = all.size();
    all.u8({0x41, 0x0e, 16, 0x86, 2});        // after 1 byte: cfa_offset 16, r6 at cfa-16
    all.u8({0x0a, 0x02, 1, 0x0b});            // remember, 1 byte on, restore
    all.u8({0x10, 3, 3, 0x77, 8, 0x06});      // r3 is where the expression "r7 + 8, deref" says
    all.u8({0x16, 12, 3, 0x11, 0x7f, 0x22});  // r12 is the expression "-1, plus" itself
    all.u8({0x05, 13, 3, 0x11, 14, 0x7d});    // r13 at cfa-24, r14 at cfa+24
    end_of_entry(fde);

    lsda = all.size();
    all.patch(lsda_field, static_cast<std::int32_t>(lsda - lsda_field));
    all.u8({0xff, 0xff, 0x01});  // pads from the function's begin, no types, sites in uleb
    sites_length = all.size();
    all.u8({8, 0, 4, 0, 0, 4, 60, 0x30, 1});
    first_action = all.size();
    all.u8({0, 0});  // a cleanup, and no more
    all.patch(4, static_cast<std::int32_t>(cie) - 4);
    all.patch(entry + 4, static_cast<std::int32_t>(fde));
  }

  static constexpr std::uint32_t code_size = 64;

 private:
  void end_of_entry(std::size_t begin) {
    while (all.size() % 8 != 0) all.u8({0});
    all.patch(begin, static_cast<std::uint32_t>(all.size() - begin - 4));
  }
};

/// Memory that ends where nothing can be read.
class edge {
 public:
  explicit edge(std::size_t size) : size_(size) {
    const std::size_t page = arch::largest_page_size;
    all_ = size + page;
    void *const memory =
        mmap(nullptr, all_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    begin_ = static_cast<unsigned char *>(memory);
    REQUIRE(mprotect(begin_ + size, page, PROT_NONE) == 0);
  }
  ~edge() { munmap(begin_, all_); }
  edge(const edge &) = delete;
  edge &operator=(const edge &) = delete;

  unsigned char *begin() const { return begin_; }
  std::size_t size() const { return size_; }
  /// Where something has to begin so that its last byte is the last that can be read.
  unsigned char *last(std::size_t size) const { return begin_ + size_ - size; }

 private:
  unsigned char *begin_;
  std::size_t size_, all_;
};

struct reading {
  bool found = false, rules = false;
  std::int64_t cfa_offset = 0;
  std::uintptr_t expression = 0, value = 0;
  landing_pad pad = {pad_kind::none, 0, 0};
};

/// All that a walk asks of the tables at `header`, for a frame that stands 8 bytes into its function.
reading read(const unsigned char *header) {
  static const std::uintptr_t word[2] = {0, 4711};
  reading out;
  const auto code = reinterpret_cast<std::uintptr_t>(header);
  frame_description frame;
  out.found = find_frame_description(code + 8, code, frame);
  if (!out.found) return out;
  out.pad = find_landing_pad(frame, code + 8);
  rule_interpreter interpreter(frame, code + 8);
  out.rules = interpreter.run();
  if (!out.rules) return out;
  const frame_rules &rules = interpreter.rules();
  arch::registers registers = {};
  for (auto &value : registers.value) value = reinterpret_cast<std::uintptr_t>(word);
  const std::uintptr_t cfa = 1000;
  std::uintptr_t ignored = 0;
  if (rules.cfa_is_expression) evaluate(rules.cfa_expression, rules.cfa_length, registers, nullptr, ignored);
  out.cfa_offset = rules.cfa_offset;
  for (const auto &rule : rules.of) {
    if (rule.kind == rule_kind::expression) evaluate(rule.expression, rule.length, registers, &cfa, out.expression);
    if (rule.kind == rule_kind::val_expression) evaluate(rule.expression, rule.length, registers, &cfa, out.value);
  }
  return out;
}

reading read_at_edge(const edge &memory, bytes &content) {
  unsigned char *const header = memory.last(content.size());
  std::memcpy(header, content.data(), content.size());
  return read(header);
}

bool is_whole(const reading &r, const unsigned char *header) {
  return r.found && r.rules && r.cfa_offset == 16 && r.expression == 4711 && r.value == 999 &&
         r.pad.kind == pad_kind::landing && r.pad.pad == reinterpret_cast<std::uintptr_t>(header) + 0x30;
}

}  // namespace

TEST_CASE("Tables that end where memory ends are read whole") {
  take_the_signals();
  const edge memory(arch::largest_page_size);
  tables t;
  CHECK(is_whole(read_at_edge(memory, t.all), memory.last(t.all.size())));
}

TEST_CASE("Tables that are cut off anywhere are refused or read, and never read beyond their end") {
  take_the_signals();
  const edge memory(arch::largest_page_size);
  std::size_t refused = 0;
  const std::size_t whole = tables().all.size();
  for (std::size_t size = 0; size < whole; ++size) {
    tables t;
    t.all.cut(size);
    if (!is_whole(read_at_edge(memory, t.all), memory.last(size))) ++refused;
  }
  CHECK(refused == whole);
}

TEST_CASE("Any byte of the tables may be any") {
  take_the_signals();
  const edge memory(arch::largest_page_size);
  int rounds = 0;
  for (std::size_t i = 0; i < tables().all.size(); ++i) {
    for (int value = 0; value < 256; ++value, ++rounds) {
      tables t;
      t.all[i] = static_cast<unsigned char>(value);
      read_at_edge(memory, t.all);
    }
  }
  CHECK(rounds > 20000);
}

TEST_CASE("Tables with several wrong bytes, and with anything behind them, are refused or read") {
  take_the_signals();
  std::uint64_t random = 88172645463325252u;  // xorshift: the same damage in every run
  const auto next = [&random] {
    random ^= random << 13;
    random ^= random >> 7;
    return random ^= random << 17;
  };
  int found = 0;
  const unsigned hostile[] = {0x00, 0x7f, 0x80, 0xff};
  for (const unsigned behind : hostile) {
    const edge memory(arch::largest_page_size);
    std::memset(memory.begin(), static_cast<int>(behind), memory.size());
    for (int round = 0; round < 5000; ++round) {
      tables t;
      for (std::uint64_t i = next() % 6 + 1; i != 0; --i) {
        const std::uint64_t value = next() % 8 < 4 ? hostile[next() % 4] : next() % 256;
        t.all[next() % t.all.size()] = static_cast<unsigned char>(value);
      }
      std::memcpy(memory.begin(), t.all.data(), t.all.size());
      if (read(memory.begin()).found) ++found;
    }
  }
  CHECK(found > 1000);  // the damage did get as far as the rules
}

TEST_CASE("Records that lead back to one another, and numbers, strings, rows and steps without an end, have one") {
  take_the_signals();
  // Of zeros, which are steps that do nothing, rows of no length, and the ends of no string.
  const edge zeros(std::size_t{1} << 32);
  tables t;
  SECTION("actions in a circle") {
    t.all[t.first_action + 1] = 0x7f;  // the next record is at this field less 1: this one, which is no cleanup now
    t.all[t.first_action] = 0x7f;
    CHECK(read_at_edge(zeros, t.all).pad.kind == pad_kind::none);
  }
  SECTION("a program of four gigabytes") {
    std::memcpy(zeros.begin(), t.all.data(), t.program);
    const std::uint32_t length = 0xfffffff0u;
    std::memcpy(zeros.begin() + t.fde_length, &length, sizeof length);
    const reading r = read(zeros.begin());
    CHECK(r.found);
    CHECK_FALSE(r.rules);
  }
  SECTION("rows of no length") {
    t.all.cut(t.sites_length);
    t.all.u8({0xff, 0xff, 0xff, 0xff, 0x7f});
    std::memcpy(zeros.begin(), t.all.data(), t.all.size());
    CHECK(read(zeros.begin()).pad.kind == pad_kind::gap);
  }
  SECTION("a number, and a string") {
    const edge memory(arch::largest_page_size);
    std::memset(memory.begin(), 0x80, memory.size());
    table_reader number(memory.begin());
    CHECK(number.uleb() == 0);
    CHECK(number.is_broken());
    table_reader text(memory.begin());
    augmentation_string string;
    CHECK_FALSE(string.take_from(text));
  }
  SECTION("an expression") {
    arch::registers registers = {};
    std::uintptr_t result = 0;
    CHECK_FALSE(evaluate(zeros.begin(), ~std::uint64_t{0}, registers, nullptr, result));
    std::memset(zeros.begin(), 0x30, 17);  // lit0, once more than there is room for
    CHECK_FALSE(evaluate(zeros.begin(), 17, registers, nullptr, result));
  }
}

TEST_CASE("What can't be read is zero from then on, and what is before it is what it was") {
  take_the_signals();
  const edge memory(arch::largest_page_size);
  std::memset(memory.last(3), 0x11, 3);
  table_reader in(memory.last(3));
  CHECK(in.take<std::uint16_t>() == 0x1111);
  CHECK(in.take<std::uint16_t>() == 0);  // half of it is there
  CHECK(in.is_broken());
  CHECK(in.take<std::uint8_t>() == 0);
  CHECK(in.encoded(pointer_encoding::absolute_pointer) == 0);
}
