// SPDX-License-Identifier: BSL-1.0

// Package leveldb is LevelDB behind guards, the way a user of both would write it, for the tests beside it.
package leveldb

/*
#cgo CFLAGS: -I${SRCDIR}/../../../include
#cgo CXXFLAGS: -std=c++17 -I${SRCDIR}/../../../include
#cgo LDFLAGS: -lleveldb
#include <stdlib.h>
#include "store.h"
*/
import "C"

import (
	"errors"
	"runtime/cgo"
	"unsafe"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// Order is a comparator.
type Order int

const (
	Bytewise        Order = C.PEERS_BYTEWISE
	NullPointer     Order = C.PEERS_NULL_POINTER
	GoKeepsError    Order = C.PEERS_GO_KEEPS_ERROR
	GoThrowsThrough Order = C.PEERS_GO_THROWS_THROUGH
)

// ErrNotFound is returned by Get.
var ErrNotFound = errors.New("no such key")

// Store is a database. The zero value has none.
type Store struct {
	c       *C.peers_store
	compare cgo.Handle
}

// Compare orders two keys, or fails.
type Compare func(a, b []byte) (int, error)

// Open opens a database. compare is for the two orders that are in Go.
func Open(path string, order Order, compare Compare) (*Store, error) {
	s := &Store{compare: cgo.NewHandle(compare)}
	p, free := text([]byte(path))
	defer free()
	if err := cgoguard.Err(C.peers_open(p, C.int32_t(order), C.uintptr_t(s.compare), &s.c)); err != nil {
		s.compare.Delete()
		return nil, err
	}
	return s, nil
}

func (s *Store) Put(key, value string) error {
	k, freeKey := text([]byte(key))
	defer freeKey()
	v, freeValue := text([]byte(value))
	defer freeValue()
	return cgoguard.Err(C.peers_put(s.c, k, v))
}

func (s *Store) Get(key string) (string, error) {
	k, free := text([]byte(key))
	defer free()
	var value *C.char
	var size C.size_t
	if err := cgoguard.Err(C.peers_get(s.c, k, &value, &size)); err != nil {
		return "", err
	}
	if value == nil {
		return "", ErrNotFound
	}
	defer C.free(unsafe.Pointer(value))
	return C.GoStringN(value, C.int(size)), nil
}

func (s *Store) Delete(key string) error {
	k, free := text([]byte(key))
	defer free()
	return cgoguard.Err(C.peers_delete(s.c, k))
}

func (s *Store) Count() (int, error) {
	var n C.uint64_t
	err := cgoguard.Err(C.peers_count(s.c, &n))
	return int(n), err
}

func (s *Store) Compact() error { return cgoguard.Err(C.peers_compact(s.c)) }

// Close closes the database. Every call after it fails.
func (s *Store) Close() error { return cgoguard.Err(C.peers_close(s.c)) }

// text copies bytes to where C++ may keep them for the call.
func text(b []byte) (t C.peers_text, free func()) {
	data := C.CBytes(b)
	return C.peers_text{data: (*C.char)(data), size: C.size_t(len(b))}, func() { C.free(data) }
}

//export peers_compare
func peers_compare(function C.uintptr_t, a, b C.peers_text, out *C.int32_t) unsafe.Pointer {
	return cgoguard.Callback(func() error {
		result, err := cgo.Handle(function).Value().(Compare)(bytesOf(a), bytesOf(b))
		*out = C.int32_t(result)
		return err
	})
}

func bytesOf(t C.peers_text) []byte { return C.GoBytes(unsafe.Pointer(t.data), C.int(t.size)) }
