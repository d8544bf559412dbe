// SPDX-License-Identifier: BSL-1.0

//go:build cgo

package main

// #include "work.h"
import "C"

import (
	"fmt"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// last keeps each error alive until the next one, as a caller would that logs it.
var last error

func measureFailures() {
	figures := interleave(2000, 21,
		func(times int) {
			for i := 0; i < times; i++ {
				last = cgoguard.Err(C.bench_guarded_fault())
			}
		},
		// Its handler replaces the guard's and is gone again when it returns.
		func(times int) { C.bench_bare_faults(C.uint64_t(times)) })
	printRow("SIGSEGV to Go error, to bare sigsetjmp in C", figures[0], figures[1], 2.0)

	for _, depth := range []C.int32_t{1, 10, 30} {
		depth := depth
		figures := interleave(1000, 21,
			func(times int) {
				for i := 0; i < times; i++ {
					last = cgoguard.Err(C.bench_guarded_throw(depth))
				}
			},
			func(times int) { C.bench_plain_throws(depth, C.uint64_t(times)) })
		printRow(fmt.Sprintf("throw to Go error at depth %d, to plain throw+catch", depth), figures[0], figures[1], 2.5)
	}
}
