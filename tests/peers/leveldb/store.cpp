// SPDX-License-Identifier: BSL-1.0
#include "store.h"

#include <leveldb/db.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "order.hpp"

struct peers_store {
  std::unique_ptr<peers::order> order;
  std::unique_ptr<leveldb::DB> db;  // destroyed first

  /// What LevelDB says, and what the comparator said meanwhile, which counts more.
  void check(const leveldb::Status &status) {
    order->rethrow_kept();
    if (!status.ok()) throw std::runtime_error(status.ToString());
  }
};

namespace {
leveldb::Slice slice(peers_text text) { return {text.data, text.size}; }
}  // namespace

cgo_guard_error *peers_open(peers_text path, int32_t order, uintptr_t function, peers_store **out) {
  return CGO_GUARD {
    auto store = std::make_unique<peers_store>();
    store->order = peers::make_order(order, function);
    leveldb::Options options;
    options.create_if_missing = true;
    options.paranoid_checks = true;
    options.comparator = store->order.get();
    leveldb::DB *db = nullptr;
    const leveldb::Status status = leveldb::DB::Open(options, std::string(path.data, path.size), &db);
    store->db.reset(db);
    store->check(status);
    *out = store.release();
  };
}

cgo_guard_error *peers_put(peers_store *store, peers_text key, peers_text value) {
  return CGO_GUARD { store->check(store->db->Put({}, slice(key), slice(value))); };
}

cgo_guard_error *peers_get(peers_store *store, peers_text key, char **out, size_t *size) {
  return CGO_GUARD {
    std::string value;
    const leveldb::Status status = store->db->Get({}, slice(key), &value);
    store->check(status.IsNotFound() ? leveldb::Status::OK() : status);
    if (status.IsNotFound()) return;
    auto *copy = static_cast<char *>(std::malloc(value.size() + 1));
    if (copy == nullptr) throw std::bad_alloc();
    std::memcpy(copy, value.data(), value.size());
    *out = copy;
    *size = value.size();
  };
}

cgo_guard_error *peers_delete(peers_store *store, peers_text key) {
  return CGO_GUARD { store->check(store->db->Delete({}, slice(key))); };
}

cgo_guard_error *peers_count(peers_store *store, uint64_t *out) {
  return CGO_GUARD {
    const std::unique_ptr<leveldb::Iterator> it{store->db->NewIterator({})};
    uint64_t n = 0;
    std::string last;
    for (it->SeekToFirst(); it->Valid(); it->Next(), ++n) {
      if (n != 0 && store->order->Compare(last, it->key()) >= 0) throw std::logic_error("keys are out of order");
      last = it->key().ToString();
    }
    store->check(it->status());
    *out = n;
  };
}

cgo_guard_error *peers_compact(peers_store *store) {
  return CGO_GUARD {
    store->db->CompactRange(nullptr, nullptr);
    store->check(leveldb::Status::OK());
  };
}

cgo_guard_error *peers_close(peers_store *store) {
  return CGO_GUARD {
    store->db.reset();
    store->check(leveldb::Status::OK());
  };
}

void peers_forget(peers_store *store) { delete store; }
