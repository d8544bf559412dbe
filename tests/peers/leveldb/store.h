// SPDX-License-Identifier: BSL-1.0
// LevelDB behind guards, with comparators that fail when they meet a key which begins with "crash".
#ifndef PEERS_LEVELDB_STORE_H
#define PEERS_LEVELDB_STORE_H

#include <cgo_guard.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct peers_store peers_store;

enum {
  PEERS_BYTEWISE,          // LevelDB's own
  PEERS_NULL_POINTER,      // C++ that reads through null
  PEERS_GO_KEEPS_ERROR,    // Go, whose error waits until LevelDB has returned
  PEERS_GO_THROWS_THROUGH  // Go, whose error is thrown through LevelDB
};

typedef struct peers_text {
  const char *data;
  size_t size;
} peers_text;

// function is for the Go ones. out is to be closed.
cgo_guard_error *peers_open(peers_text path, int32_t order, uintptr_t function, peers_store **out);
cgo_guard_error *peers_put(peers_store *store, peers_text key, peers_text value);
// out is to be freed, and NULL where there is no such key.
cgo_guard_error *peers_get(peers_store *store, peers_text key, char **out, size_t *size);
cgo_guard_error *peers_delete(peers_store *store, peers_text key);
// Out of order, or unreadable, is an error.
cgo_guard_error *peers_count(peers_store *store, uint64_t *out);
// Writes what is in memory to a file.
cgo_guard_error *peers_compact(peers_store *store);
// The handle stays, and is one of a closed store.
cgo_guard_error *peers_close(peers_store *store);
void peers_forget(peers_store *store);

#ifdef __cplusplus
}
#endif
#endif  // PEERS_LEVELDB_STORE_H
