// SPDX-License-Identifier: BSL-1.0
// The first of three bugs that this example has on purpose: nobody asked whether the item was found.
//
// find_item is in a file of its own, as such functions are: a compiler that sees it return null may do anything with
// what follows, also leave out the crash.
#include <nlohmann/json.hpp>

#include "documents.hpp"

namespace documents {

json item_price(const json &catalogue, std::string_view item) { return find_item(catalogue, item)->at("price"); }

}  // namespace documents
