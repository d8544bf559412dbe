// SPDX-License-Identifier: BSL-1.0
// Between text and values.
#include <nlohmann/json.hpp>

#include "documents.hpp"

namespace documents {

namespace {

// nlohmann's parser needs no stack for deep documents, but writing, copying and merging them recurse.
constexpr int deepest_allowed = 512;

// The parser takes a NUL byte for the end of the document, whatever comes after it.
void refuse_nul(std::string_view text) {
  if (text.find('\0') != text.npos) throw document_error("the document holds a NUL byte");
}

}  // namespace

json read(std::string_view text) {
  refuse_nul(text);
  const auto check_depth = [](int depth, json::parse_event_t, json &) {
    if (depth > deepest_allowed) {
      throw document_error("the document is nested more than " + std::to_string(deepest_allowed) + " levels deep");
    }
    return true;
  };
  return json::parse(text.begin(), text.end(), check_depth);
}

json read_at_any_depth(std::string_view text) {
  refuse_nul(text);
  return json::parse(text.begin(), text.end());
}

std::string write(const json &value) { return value.dump(); }

std::string parse(std::string_view text) { return write(read(text)); }

}  // namespace documents
