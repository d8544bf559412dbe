// SPDX-License-Identifier: BSL-1.0
#include "story.h"

#include <array>

namespace {

struct item {
  int64_t count;
};

class shelf {
 public:
  [[gnu::noinline]] int64_t total() const {
    int64_t sum = 0;
    for (const item *each : items_) {
      sum += each->count;  // the bug: there may be a gap
    }
    return sum;
  }

 private:
  item apples_{3}, plums_{4};
  std::array<const item *, 3> items_{&apples_, nullptr, &plums_};
};

}  // namespace

cgo_guard_error *story_total(int64_t *total) {
  return CGO_GUARD { *total = shelf().total(); };
}

int64_t story_unguarded_total() { return shelf().total() + 0; }
