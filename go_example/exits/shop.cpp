// SPDX-License-Identifier: BSL-1.0
// C++ between Go and the C library. It holds a stream and a buffer while the library runs, and knows nothing of exits.
#include "shop.h"

#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "table.h"

namespace {

int open_streams, live_rows;

struct stream_closer {
  void operator()(std::FILE *stream) const {
    std::fclose(stream);
    --open_streams;
  }
};
using stream = std::unique_ptr<std::FILE, stream_closer>;

stream open_text(const char *text) {
  // fmemopen refuses a buffer without a byte; the terminator is one too many for the library.
  std::FILE *const file = text[0] != 0 ? fmemopen(const_cast<char *>(text), std::strlen(text), "r") : std::tmpfile();
  if (file == nullptr) throw std::runtime_error("no stream");
  ++open_streams;
  return stream(file);
}

struct row {
  std::string name;
  std::int64_t price;
  row(const char *n, std::int64_t p) : name(n), price(p) { ++live_rows; }
  row(row &&other) noexcept : name(std::move(other.name)), price(other.price) { ++live_rows; }
  ~row() { --live_rows; }
};

std::int64_t total(const char *table) {
  const stream in = open_text(table);
  std::vector<row> rows;
  table_read(
      in.get(),
      [](void *context, const char *name, long price) {
        static_cast<std::vector<row> *>(context)->emplace_back(name, price);
      },
      &rows);
  std::int64_t sum = 0;
  for (const row &r : rows) sum += r.price;
  return sum;
}

}  // namespace

extern "C" cgo_guard_error *shop_total(const char *table, int64_t *out) {
  return CGO_GUARD { *out = total(table); };
}

extern "C" void shop_holds(int32_t *streams, int32_t *rows) {
  *streams = open_streams;
  *rows = live_rows;
}
