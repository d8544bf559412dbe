// SPDX-License-Identifier: BSL-1.0

// Package inline is compiled by a test that reads what the compiler says about it.
package inline

import "github.com/cgo-guard/cgo_guard/cgoguard"

// Check is a caller of Err.
func Check(e *[32]byte) error { return cgoguard.Err(e) }
