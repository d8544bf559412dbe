// SPDX-License-Identifier: BSL-1.0

//go:build go1.24

package guardtest

/*
#cgo noescape guardtest_annotated_fill
#cgo nocallback guardtest_annotated_fill
#cgo nocallback guardtest_annotated_call_go
#include "guardtest.h"

// The annotations belong to names, so each annotated function needs one of its own.
static inline cgo_guard_error *guardtest_annotated_fill(uint8_t *buffer, uint64_t size, uint64_t rounds, int32_t fails) {
  return guardtest_fill(buffer, size, rounds, fails);
}
static inline cgo_guard_error *guardtest_annotated_call_go(uintptr_t function, int32_t *went_on) {
  return guardtest_call_go(function, 0, went_on);
}
*/
import "C"

import (
	"runtime/cgo"
	"unsafe"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// AnnotatedFill is Fill through a function that promises cgo neither to keep the buffer nor to call back.
func AnnotatedFill(buffer []byte, rounds int, fails bool) error {
	return cgoguard.Err(C.guardtest_annotated_fill((*C.uint8_t)(unsafe.Pointer(&buffer[0])), C.uint64_t(len(buffer)),
		C.uint64_t(rounds), flag(fails)))
}

// AnnotatedCallGo breaks the promise not to call back.
func AnnotatedCallGo(function func()) error {
	handle := cgo.NewHandle(function)
	defer handle.Delete()
	var wentOn C.int32_t
	return cgoguard.Err(C.guardtest_annotated_call_go(C.uintptr_t(handle), &wentOn))
}
