// SPDX-License-Identifier: BSL-1.0
// The price of an item. Callers ask for many prices in one catalogue, so the last catalogue is kept.
//
// The lock is held while item_price crashes. The guard runs the destructor of `lock` on the way out: otherwise the next
// request for a price would wait for ever.
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "documents.hpp"

namespace documents {

namespace {

struct last_catalogue {
  std::mutex mutex;
  std::string text;
  json items;
};

last_catalogue last;

}  // namespace

std::string price(std::string_view catalogue, std::string_view item) {
  const std::lock_guard<std::mutex> lock(last.mutex);
  if (last.text != catalogue) {
    // Both are made before either is kept: a text beside the items of another would give wrong prices.
    json items = read(catalogue);
    std::string text(catalogue);
    last.items = std::move(items);
    last.text = std::move(text);
  }
  return write(item_price(last.items, item));
}

}  // namespace documents
