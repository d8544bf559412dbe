// SPDX-License-Identifier: BSL-1.0
// The part of a document that a JSON pointer (RFC 6901) points to.
#include <nlohmann/json.hpp>

#include "documents.hpp"

namespace documents {

std::string query(std::string_view text, std::string_view pointer) {
  const json document = read(text);
  return write(document.at(json::json_pointer(std::string(pointer))));
}

}  // namespace documents
