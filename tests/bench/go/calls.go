// SPDX-License-Identifier: BSL-1.0

//go:build cgo

package main

// #cgo CFLAGS: -I${SRCDIR}/../../../include
// #cgo CXXFLAGS: -std=c++17 -I${SRCDIR}/../../../include
// #cgo LDFLAGS: -ldl
// #include "work.h"
import "C"

import "github.com/cgo-guard/cgo_guard/cgoguard"

// unexpected takes what must be nil, where the compiler can't leave the test out.
var unexpected int

func bareCalls(times int) {
	for i := 0; i < times; i++ {
		if C.bench_bare_call() != nil {
			unexpected++
		}
	}
}

func guardedCalls(times int) {
	for i := 0; i < times; i++ {
		if C.bench_guarded_call() != nil {
			unexpected++
		}
	}
}

func guardedCallsWithErr(times int) {
	for i := 0; i < times; i++ {
		if err := cgoguard.Err(C.bench_guarded_call()); err != nil {
			unexpected++
		}
	}
}

func measureCalls() {
	figures := interleave(1000000, 21, bareCalls, guardedCalls, guardedCallsWithErr)
	printRow("guarded cgo call, to a bare one", figures[1], figures[0], 1.10)
	printRow("guarded cgo call and Err, to a bare one", figures[2], figures[0], 1.12)
}
