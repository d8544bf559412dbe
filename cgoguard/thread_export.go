// SPDX-License-Identifier: BSL-1.0

package cgoguard

// In a file of its own: what stands in the comment of a file with an export is compiled twice, and may only declare.

// #include <cgo_guard.h>
import "C"

import "unsafe"

//export cgoguard_thread_failed
func cgoguard_thread_failed(e *C.cgo_guard_error) { deliverThreadError(unsafe.Pointer(e)) }
