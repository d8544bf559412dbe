// SPDX-License-Identifier: BSL-1.0

package main

// #include "gallery.h"
import "C"

import "github.com/cgo-guard/cgo_guard/cgoguard"

// ofProcessor has what the processor decides: which instructions are signals, and which. A division by zero is none here:
// it is 0.
var ofProcessor = []failure{
	{"a number that is no instruction", C.gallery_failure(C.run_no_instruction), cgoguard.SIGILL},
	{"__builtin_trap", C.gallery_failure(C.reach_unreachable), cgoguard.SIGTRAP},
	{"a breakpoint that nobody waits for", C.gallery_failure(C.hit_breakpoint), cgoguard.SIGTRAP},
}
