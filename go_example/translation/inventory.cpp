// SPDX-License-Identifier: BSL-1.0
#include "inventory.hpp"

#include <map>
#include <sstream>

namespace inventory {

namespace {
std::map<std::string, int> shelf = {{"A-113", 5}, {"B-7", 0}};
}

int take(const std::string &sku, int pieces) {
  const auto found = shelf.find(sku);
  if (found == shelf.end()) throw error(reason::unknown_item, sku);
  if (found->second < pieces) throw error(reason::sold_out, sku);
  return found->second -= pieces;
}

void order(const std::string &skus) {
  std::istringstream list(skus);
  try {
    for (std::string sku; list >> sku;) take(sku, 1);
  } catch (...) {
    std::throw_with_nested(std::runtime_error("the order of " + skus + " failed"));
  }
}

}  // namespace inventory
