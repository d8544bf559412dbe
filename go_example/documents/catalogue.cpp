// SPDX-License-Identifier: BSL-1.0
// Looking into a catalogue: {"items": [{"name": …, "price": …}, …]}.
#include <nlohmann/json.hpp>

#include "documents.hpp"

namespace documents {

/// @return the item in the catalogue, or null if it has none of that name.
const json *find_item(const json &catalogue, std::string_view item) {
  for (const json &one : catalogue.at("items")) {
    if (one.at("name").get<std::string>() == item) return &one;
  }
  return nullptr;
}

}  // namespace documents
