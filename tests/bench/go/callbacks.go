// SPDX-License-Identifier: BSL-1.0

//go:build cgo

package main

// #include "work.h"
import "C"

import (
	"errors"
	"unsafe"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

var errVisit = errors.New("the visit failed")

//export bench_go_bare
func bench_go_bare() {}

//export bench_go_callback
func bench_go_callback() unsafe.Pointer { return cgoguard.Callback(func() error { return nil }) }

//export bench_go_failing_callback
func bench_go_failing_callback() unsafe.Pointer {
	return cgoguard.Callback(func() error { return errVisit })
}

//export bench_go_panicking_callback
func bench_go_panicking_callback() unsafe.Pointer {
	return cgoguard.Callback(func() error { panic(errVisit) })
}

func measureCallbacks() {
	figures := interleave(200000, 21,
		func(times int) {
			for i := 0; i < times; i++ {
				if C.bench_bare_callback() != nil {
					unexpected++
				}
			}
		},
		func(times int) {
			for i := 0; i < times; i++ {
				if err := cgoguard.Err(C.bench_guarded_callback()); err != nil {
					unexpected++
				}
			}
		})
	printRow("call with a callback, guard+Callback+check+Err, to a bare one", figures[1], figures[0], 1.1)

	figures = interleave(2000, 21,
		func(times int) { C.bench_plain_throws(1, C.uint64_t(times)) },
		func(times int) {
			for i := 0; i < times; i++ {
				last = cgoguard.Err(C.bench_failing_callback())
			}
		},
		func(times int) {
			for i := 0; i < times; i++ {
				recoverFrom(func() { last = cgoguard.Err(C.bench_panicking_callback()) })
			}
		})
	printRow("Go error through C++ and back, to a plain C++ throw+catch", figures[1], figures[0], 0)
	printRow("Go panic through C++ and on, to a plain C++ throw+catch", figures[2], figures[0], 0)
}

func recoverFrom(call func()) {
	defer func() { recover() }()
	call()
}
