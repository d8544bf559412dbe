// SPDX-License-Identifier: BSL-1.0

//go:build !arm64

package main

// #include "gallery.h"
import "C"

import "github.com/cgo-guard/cgo_guard/cgoguard"

// ofProcessor has what the processor decides: which instructions are signals, and which.
var ofProcessor = []failure{
	{"division by zero", C.gallery_failure(C.divide_by_zero), cgoguard.SIGFPE},
	{"__builtin_trap", C.gallery_failure(C.reach_unreachable), cgoguard.SIGILL},
	{"a breakpoint that nobody waits for", C.gallery_failure(C.hit_breakpoint), cgoguard.SIGTRAP},
}
