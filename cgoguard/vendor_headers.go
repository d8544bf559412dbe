// SPDX-License-Identifier: BSL-1.0

//go:build cgo_guard_never_set

package cgoguard

// bridge.cpp includes C++ headers from directories that no Go code needs, so "go mod vendor" would leave them behind
// and the vendored package would not compile. Vendoring follows imports under any build tags, even ones that are never
// set; building does not. Hence imports that exist for the one and not for the other.
import (
	_ "github.com/cgo-guard/cgo_guard/include"
	_ "github.com/cgo-guard/cgo_guard/include/cgo_guard"
	_ "github.com/cgo-guard/cgo_guard/include/cgo_guard/arch"
)
