// SPDX-License-Identifier: BSL-1.0
module github.com/cgo-guard/cgo_guard/cmd

go 1.19

require (
	github.com/ianlancetaylor/demangle v0.0.0-20260724033716-83e58baca724
	golang.org/x/tools v0.24.1
)
