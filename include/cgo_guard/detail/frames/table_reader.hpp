// SPDX-License-Identifier: BSL-1.0
/// @file table_reader.hpp
/// A position in the compiler's tables that survives whatever they say. Async-signal-safe: no lock, no heap.
///
/// A linker's mistake, a file that was truncated under the loader, or memory that the fault itself has overwritten can
/// make a table say anything, and it is read in a signal handler, whose own fault ends the process. So memory is asked
/// before it is read, and what can't be read is zero, for good: every loop here ends at a zero.
#ifndef CGO_GUARD_TABLE_READER_HPP
#define CGO_GUARD_TABLE_READER_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../arch/arch.hpp"
#include "dwarf_names.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

class table_reader {
 public:
  explicit table_reader(const unsigned char *begin) noexcept : at_(begin) {}

  const unsigned char *at() const noexcept { return at_; }
  bool is_before(const unsigned char *end) const noexcept { return at_ < end && !broken_; }

  /// Whether something was asked for that can't be read, or is written in a way that no toolchain would. All that was
  /// taken since is zero.
  bool is_broken() const noexcept { return broken_; }

  /// By integers, because a hostile distance leads out of every object.
  void skip(std::uint64_t distance) noexcept {
    at_ = reinterpret_cast<const unsigned char *>(position() + static_cast<std::uintptr_t>(distance));
  }

  template <class T>
  T take() noexcept {
    T value = 0;
    if (!can_read(sizeof value)) return value;
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  std::uint64_t uleb() noexcept {
    bool negative = false;
    unsigned bits = 0;
    return leb(negative, bits);
  }

  std::int64_t sleb() noexcept {
    bool negative = false;
    unsigned bits = 0;
    const std::uint64_t value = leb(negative, bits);
    return static_cast<std::int64_t>(negative && bits < 64 ? value | ~std::uint64_t{0} << bits : value);
  }

  /// A pointer in one of the DW_EH_PE encodings (Linux Standard Base 5, 10.5.1). `data_base` is what "datarel" means:
  /// the start of .eh_frame_hdr there, unused elsewhere.
  std::uintptr_t encoded(unsigned char encoding, std::uintptr_t data_base = 0) noexcept {
    namespace pe = pointer_encoding;
    if (encoding == pe::omitted) return 0;
    if (encoding == pe::aligned) {
      skip(-position() % sizeof(void *));
      return take<std::uintptr_t>();
    }
    const std::uintptr_t here = position();
    std::uintptr_t value = 0;
    switch (encoding & pe::format_mask) {
      case pe::absolute_pointer: value = take<std::uintptr_t>(); break;
      case pe::uleb128: value = static_cast<std::uintptr_t>(uleb()); break;
      case pe::udata2: value = take<std::uint16_t>(); break;
      case pe::udata4: value = take<std::uint32_t>(); break;
      case pe::udata8: value = static_cast<std::uintptr_t>(take<std::uint64_t>()); break;
      case pe::sleb128: value = static_cast<std::uintptr_t>(sleb()); break;
      case pe::sdata2: value = static_cast<std::uintptr_t>(std::intptr_t{take<std::int16_t>()}); break;
      case pe::sdata4: value = static_cast<std::uintptr_t>(std::intptr_t{take<std::int32_t>()}); break;
      case pe::sdata8: value = static_cast<std::uintptr_t>(take<std::int64_t>()); break;
      default: broken_ = true; return 0;
    }
    if (value == 0) return 0;  // a null stays null: it means "none" in every table
    switch (encoding & pe::base_mask) {
      case pe::relative_to_here: value += here; break;
      case pe::relative_to_data: value += data_base; break;
      default: break;
    }
    if ((encoding & pe::indirect) != 0) {  // the address of the pointer
      std::uintptr_t target = 0;
      if (arch::cgo_guard_v1_load(value, &target) == 0) return 0;
      value = target;
    }
    return value;
  }

 private:
  /// Memory is asked for in pieces of this size, one after the other: it divides every page, so what is true of one
  /// byte of a piece is true of all.
  static constexpr std::uintptr_t piece = 1024;

  /// Ten bytes are 64 bits. Assemblers pad numbers that the linker is to fill in, to no more than that.
  static constexpr unsigned longest_leb = 10;

  std::uintptr_t position() const noexcept { return reinterpret_cast<std::uintptr_t>(at_); }

  std::uint64_t leb(bool &negative, unsigned &bits) noexcept {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < longest_leb; ++i) {
      const auto byte = take<std::uint8_t>();
      value |= std::uint64_t{byte & 0x7fu} << bits;
      bits += 7;
      negative = (byte & 0x40) != 0;
      if ((byte & 0x80) == 0) return value;
    }
    broken_ = true;
    return 0;
  }

  bool can_read(std::size_t size) noexcept {
    const std::uintptr_t offset = position() - readable_;
    if (offset < readable_size_ && size <= readable_size_ - offset) return !broken_;
    return ask_for(position(), position() + size);
  }

  bool ask_for(std::uintptr_t begin, std::uintptr_t end) noexcept {
    const std::uintptr_t first = begin & ~(piece - 1), last = (end - 1) & ~(piece - 1);
    std::uintptr_t unused = 0;
    broken_ = broken_ || end < begin || arch::cgo_guard_v1_load(first, &unused) == 0 ||
              (last != first && arch::cgo_guard_v1_load(last, &unused) == 0);
    if (broken_) return false;
    readable_ = first;
    readable_size_ = last - first + piece;
    return true;
  }

  const unsigned char *at_;
  std::uintptr_t readable_ = 0, readable_size_ = 0;
  bool broken_ = false;
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_TABLE_READER_HPP
