// SPDX-License-Identifier: BSL-1.0
// A small library with exceptions of its own. It knows nothing of Go or of cgo_guard.
#ifndef INVENTORY_HPP
#define INVENTORY_HPP

#include <stdexcept>
#include <string>

namespace inventory {

enum class reason { unknown_item = 1, sold_out = 2 };

/// What the library throws: a reason, and the item it is about.
class error : public std::runtime_error {
 public:
  error(reason why, std::string sku)
      : std::runtime_error(why == reason::sold_out ? "sold out" : "unknown item"), why_(why), sku_(std::move(sku)) {}
  reason why() const { return why_; }
  const std::string &sku() const { return sku_; }

 private:
  reason why_;
  std::string sku_;
};

/// Takes some pieces of an item from the shelf. @return how many are left.
int take(const std::string &sku, int pieces);

/// The same for a list of items, "A-113 B-7". Throws a std::runtime_error with the error nested in it.
void order(const std::string &skus);

}  // namespace inventory

#endif
