// SPDX-License-Identifier: BSL-1.0
// The third bug: an assertion about something that only the caller can know.
#undef NDEBUG  // whatever the flags say: a bug that is compiled out shows nothing
#include <algorithm>
#include <cassert>
#include <nlohmann/json.hpp>

#include "documents.hpp"

namespace documents {

std::string page(std::string_view list, std::size_t number, std::size_t page_size) {
  const json all = read(list);
  const std::size_t first = number * page_size;
  assert(first < all.size() && "a page begins inside the list");

  json result = json::array();
  const std::size_t end = std::min(first + page_size, all.size());
  for (std::size_t i = first; i < end; ++i) result.push_back(all.at(i));
  return write(result);
}

}  // namespace documents
