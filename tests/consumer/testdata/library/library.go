// SPDX-License-Identifier: BSL-1.0

// Command library is Go that a C program loads: its exported functions return what they found out as text.
package main

// #include <stdlib.h>
// #include "guarded.h"
import "C"

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

func main() {}

func readNull() error { return cgoguard.Err(C.guarded_read_null()) }

// expect is "" or what is wrong.
func expect(err, target error) string {
	var e *cgoguard.Error
	switch {
	case !errors.Is(err, target):
		return fmt.Sprintf("want %v, got %v", target, err)
	case !errors.As(err, &e) || e.CStack() == "" || !strings.Contains(e.GoStack(), "library_"):
		return fmt.Sprintf("a stack is missing in %+v", err)
	}
	return ""
}

func nilPanicRecovers() (recovered bool) {
	defer func() { _, recovered = recover().(runtime.Error) }()
	var nothing *int
	sink = *nothing
	return false
}

var sink int

// first is the first complaint, or OK. The caller frees it.
func first(complaints ...string) *C.char {
	for _, complaint := range complaints {
		if complaint != "" {
			return C.CString(complaint)
		}
	}
	return C.CString("OK")
}

func unless(ok bool, complaint string) string {
	if ok {
		return ""
	}
	return complaint
}

//export library_fail
func library_fail() *C.char {
	return first(
		expect(readNull(), cgoguard.SIGSEGV),
		expect(cgoguard.Err(C.guarded_throw()), cgoguard.ErrException),
		expect(cgoguard.Err(C.guarded_abort()), cgoguard.SIGABRT),
		unless(nilPanicRecovers(), "a nil dereference in Go is not recovered"))
}

// library_nested makes C, Go, C, Go of every kind, and then has Go's own fault.
//
//export library_nested
func library_nested() *C.char {
	C.plain_callback()
	complaint := unless(nilPanicRecovers(), "after a nested callback, a nil dereference in Go is not recovered")
	inner = ""
	outer := cgoguard.Err(C.guarded_callback())
	return first(complaint, inner, expect(outer, cgoguard.SIGSEGV),
		unless(nilPanicRecovers(), "after a guarded nested callback, a nil dereference in Go is not recovered"))
}

var inner string

//export library_inner
func library_inner() {
	inner = expect(readNull(), cgoguard.SIGSEGV)
	if inner == "" && !nilPanicRecovers() {
		inner = "inside a nested callback, a nil dereference in Go is not recovered"
	}
}

var aborts = make(chan os.Signal, 8)

// library_notify asks for SIGABRT: in a library, the Go runtime puts a handler of its own over ours at that moment.
//
//export library_notify
func library_notify() *C.char {
	signal.Notify(aborts, syscall.SIGABRT)
	complaint := expect(cgoguard.Err(C.guarded_abort()), cgoguard.SIGABRT)
	return first(complaint, unless(len(aborts) == 0, "the abort in the guard was also delivered to the channel"))
}

// library_wait waits for the SIGABRT that the host sends to the process.
//
//export library_wait
func library_wait() *C.char {
	select {
	case <-aborts:
		return first()
	case <-time.After(10 * time.Second):
		return first("SIGABRT from outside did not come to the channel")
	}
}

// library_reset undoes library_notify: Go then puts back what was there when it started, which is not us.
//
//export library_reset
func library_reset() *C.char {
	signal.Reset(syscall.SIGABRT)
	return first(expect(cgoguard.Err(C.guarded_abort()), cgoguard.SIGABRT),
		unless(cgoguard.Stats().Installed == 7, "not all seven handlers are installed"))
}
