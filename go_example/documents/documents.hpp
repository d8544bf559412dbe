// SPDX-License-Identifier: BSL-1.0
// The library as C++ sees it: no guard, no C, no Go. Failures are exceptions here, and bugs are bugs.
#ifndef DOCUMENTS_HPP
#define DOCUMENTS_HPP

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace documents {

using json = nlohmann::json;

/// A document that the parser would take and that we refuse.
class document_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// text.cpp
json read(std::string_view text);
json read_at_any_depth(std::string_view text);
std::string write(const json &value);
std::string parse(std::string_view text);

// query.cpp, merge.cpp
std::string query(std::string_view text, std::string_view pointer);
std::string merge(std::string_view target, std::string_view patch);

// price.cpp, item.cpp, catalogue.cpp
std::string price(std::string_view catalogue, std::string_view item);
json item_price(const json &catalogue, std::string_view item);
const json *find_item(const json &catalogue, std::string_view item);

// depth.cpp
std::size_t depth(std::string_view text);

// page.cpp
std::string page(std::string_view list, std::size_t number, std::size_t page_size);

}  // namespace documents
#endif  // DOCUMENTS_HPP
