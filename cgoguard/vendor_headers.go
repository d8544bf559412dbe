// SPDX-License-Identifier: BSL-1.0

//go:build cgo_guard_never_set

package cgoguard

// bridge.cpp includes C++ headers from directories that no Go code needs, so "go mod vendor" would leave them behind
// and the vendored package would not compile. Vendoring follows imports under any build tags, even ones that are never
// set; building does not. Hence imports that exist for the one and not for the other.
import (
	_ "github.com/cgo-guard/cgo_guard/include"
	_ "github.com/cgo-guard/cgo_guard/include/cgo_guard"
	_ "github.com/cgo-guard/cgo_guard/include/cgo_guard/detail"
	_ "github.com/cgo-guard/cgo_guard/include/cgo_guard/detail/arch"
	_ "github.com/cgo-guard/cgo_guard/include/cgo_guard/detail/arch/aarch64"
	_ "github.com/cgo-guard/cgo_guard/include/cgo_guard/detail/arch/x86_64"
	_ "github.com/cgo-guard/cgo_guard/include/cgo_guard/detail/crash"
	_ "github.com/cgo-guard/cgo_guard/include/cgo_guard/detail/exception"
	_ "github.com/cgo-guard/cgo_guard/include/cgo_guard/detail/fault"
	_ "github.com/cgo-guard/cgo_guard/include/cgo_guard/detail/frames"
	_ "github.com/cgo-guard/cgo_guard/include/cgo_guard/detail/go"
	_ "github.com/cgo-guard/cgo_guard/include/cgo_guard/detail/guard"
	_ "github.com/cgo-guard/cgo_guard/include/cgo_guard/detail/portable"
	_ "github.com/cgo-guard/cgo_guard/include/cgo_guard/detail/runtime"
	_ "github.com/cgo-guard/cgo_guard/include/cgo_guard/detail/signal"
	_ "github.com/cgo-guard/cgo_guard/include/cgo_guard/detail/stack"
	_ "github.com/cgo-guard/cgo_guard/include/cgo_guard/detail/state"
	_ "github.com/cgo-guard/cgo_guard/include/cgo_guard/detail/unwind"
)
