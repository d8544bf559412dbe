// SPDX-License-Identifier: BSL-1.0
// The second bug: a recursion as deep as whoever wrote the document likes.
//
// It allocates nothing. That is luck: had the stack ended inside malloc, the heap would be known to be corrupt, and all
// guards of the process would refuse to run from then on.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "documents.hpp"

namespace documents {

namespace {

std::size_t levels(const json &value) {
  if (!value.is_structured()) return 0;
  std::size_t deepest = 0;
  for (const json &child : value) deepest = std::max(deepest, levels(child));
  return deepest + 1;
}

}  // namespace

std::size_t depth(std::string_view text) {
  const json document = read_at_any_depth(text);
  return levels(document);
}

}  // namespace documents
