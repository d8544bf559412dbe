// SPDX-License-Identifier: BSL-1.0

// Package documents reads, queries and merges JSON documents with the C++ library nlohmann-json.
//
// The C++ code throws, and has bugs (three, on purpose). Both come back as errors of package cgoguard, each with the C++
// and the Go stack; AboutInput tells them apart. All functions may be called from many goroutines at once.
package documents

/*
#cgo CFLAGS: -I${SRCDIR}/../../include
#cgo CXXFLAGS: -std=c++17 -I${SRCDIR}/../../include
#include <stdlib.h>
#include "documents.h"
*/
import "C"

import (
	"errors"
	"strings"
	"unsafe"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// Parse returns the document in canonical form: no spaces, keys in order.
func Parse(text []byte) ([]byte, error) {
	var out answer
	err := cgoguard.Err(C.documents_parse(start(text), size(text), &out.text, &out.size))
	return out.take(err)
}

// Query returns the part of the document that pointer, a JSON pointer such as "/items/0/name", points to.
func Query(text []byte, pointer string) ([]byte, error) {
	p := []byte(pointer)
	var out answer
	err := cgoguard.Err(C.documents_query(start(text), size(text), start(p), size(p), &out.text, &out.size))
	return out.take(err)
}

// Merge returns the document target with the JSON merge patch (RFC 7396) applied.
func Merge(target, patch []byte) ([]byte, error) {
	var out answer
	err := cgoguard.Err(C.documents_merge(start(target), size(target), start(patch), size(patch), &out.text, &out.size))
	return out.take(err)
}

// Price returns the price of an item of the catalogue. Bug: it crashes if there is no such item.
func Price(catalogue []byte, item string) ([]byte, error) {
	name := []byte(item)
	var out answer
	err := cgoguard.Err(C.documents_price(start(catalogue), size(catalogue), start(name), size(name), &out.text, &out.size))
	return out.take(err)
}

// Page returns a part of a list: pageSize of its elements, after the first number*pageSize. Bug: an assertion fails if
// the list has no such page.
func Page(list []byte, number, pageSize uint32) ([]byte, error) {
	var out answer
	err := cgoguard.Err(C.documents_page(start(list), size(list), C.uint32_t(number), C.uint32_t(pageSize),
		&out.text, &out.size))
	return out.take(err)
}

// Depth returns how many arrays and objects are nested in each other. Bug: its stack overflows if they are too many.
func Depth(text []byte) (uint64, error) {
	var failure *C.cgo_guard_error
	depth := C.documents_depth(start(text), size(text), &failure)
	return uint64(depth), cgoguard.Err(failure)
}

// AboutInput reports whether err says that the caller's input was at fault: whether it is an exception that the JSON
// library or this one defines. Any other exception, std::bad_alloc for one, and every crash is a matter of the program.
func AboutInput(err error) bool {
	var failure *cgoguard.Error
	return errors.As(err, &failure) && failure.Code == cgoguard.CodeException &&
		(strings.HasPrefix(failure.Name, "nlohmann::") || strings.HasPrefix(failure.Name, "documents::"))
}

// answer is a string that C++ allocated, or nothing yet.
type answer struct {
	text *C.char
	size C.size_t
}

// take copies the answer into Go memory and releases it, also where a function failed after it had made one.
func (a *answer) take(err error) ([]byte, error) {
	if a.text == nil {
		return nil, err
	}
	defer C.free(unsafe.Pointer(a.text))
	if err != nil {
		return nil, err
	}
	return append([]byte{}, unsafe.Slice((*byte)(unsafe.Pointer(a.text)), int(a.size))...), nil
}

// start lets C++ read Go's memory where it is: cgo keeps it in place for the call, a copy would need releasing on every
// path, and the C heap may be one that no longer works.
func start(text []byte) *C.char {
	if len(text) == 0 {
		return nil
	}
	return (*C.char)(unsafe.Pointer(&text[0]))
}

func size(text []byte) C.size_t { return C.size_t(len(text)) }
