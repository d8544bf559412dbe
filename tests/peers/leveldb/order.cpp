// SPDX-License-Identifier: BSL-1.0
#include "order.hpp"

extern "C" void *peers_compare(uintptr_t function, peers_text a, peers_text b, int32_t *out);

namespace peers {
namespace {

const char *volatile nothing = nullptr;

struct bytewise final : order {
  int Compare(const leveldb::Slice &a, const leveldb::Slice &b) const override { return a.compare(b); }
};

struct null_pointer final : order {
  int Compare(const leveldb::Slice &a, const leveldb::Slice &b) const override {
    if (a.starts_with("crash") || b.starts_with("crash")) return *nothing;
    return a.compare(b);
  }
};

class go_order final : public order {
 public:
  go_order(uintptr_t function, bool keeps) : function_(function), keeps_(keeps) {}
  ~go_order() override { cgo_guard_free(kept_.load()); }

  int Compare(const leveldb::Slice &a, const leveldb::Slice &b) const override {
    int32_t result = 0;
    auto *failed =
        static_cast<cgo_guard_error *>(peers_compare(function_, {a.data(), a.size()}, {b.data(), b.size()}, &result));
    if (failed == nullptr) return result;
    if (!keeps_) cgo_guard::check(failed);
    // Any answer will do that is consistent. The first error tells; LevelDB's own thread may be the one that gets it.
    cgo_guard_error *none = nullptr;
    if (!kept_.compare_exchange_strong(none, failed)) cgo_guard_free(failed);
    return a.compare(b);
  }

  void rethrow_kept() override { cgo_guard::check(kept_.exchange(nullptr)); }

 private:
  uintptr_t function_;
  bool keeps_;
  mutable std::atomic<cgo_guard_error *> kept_{nullptr};
};

}  // namespace

std::unique_ptr<order> make_order(int32_t which, uintptr_t function) {
  switch (which) {
    case PEERS_NULL_POINTER: return std::make_unique<null_pointer>();
    case PEERS_GO_KEEPS_ERROR: return std::make_unique<go_order>(function, true);
    case PEERS_GO_THROWS_THROUGH: return std::make_unique<go_order>(function, false);
    default: return std::make_unique<bytewise>();
  }
}

}  // namespace peers
