// SPDX-License-Identifier: BSL-1.0
// LevelDB is compiled without exceptions and without landing pads: nothing in it is cleaned up when something flies or
// falls through it. Hence the choice between keeping a callback's error and throwing it.
#ifndef PEERS_LEVELDB_ORDER_HPP
#define PEERS_LEVELDB_ORDER_HPP

#include <leveldb/comparator.h>
#include <leveldb/slice.h>

#include <atomic>
#include <memory>

#include "store.h"

namespace peers {

class order : public leveldb::Comparator {
 public:
  /// LevelDB's own, since the order is the same: so that a database can be opened with either.
  const char *Name() const override { return "leveldb.BytewiseComparator"; }
  void FindShortestSeparator(std::string *, const leveldb::Slice &) const override {}
  void FindShortSuccessor(std::string *) const override {}

  /// Throws what was kept, now that no frame of LevelDB is below.
  virtual void rethrow_kept() {}
};

std::unique_ptr<order> make_order(int32_t which, uintptr_t function);

}  // namespace peers
#endif  // PEERS_LEVELDB_ORDER_HPP
