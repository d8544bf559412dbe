// SPDX-License-Identifier: BSL-1.0
module github.com/cgo-guard/cgo_guard/cmd

go 1.19

require golang.org/x/tools v0.24.1
