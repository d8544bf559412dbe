// SPDX-License-Identifier: BSL-1.0
// A document with a JSON merge patch (RFC 7396) applied.
#include <nlohmann/json.hpp>

#include "documents.hpp"

namespace documents {

std::string merge(std::string_view target, std::string_view patch) {
  json document = read(target);
  document.merge_patch(read(patch));
  return write(document);
}

}  // namespace documents
