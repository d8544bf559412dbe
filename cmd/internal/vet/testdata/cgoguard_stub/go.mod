// SPDX-License-Identifier: BSL-1.0
module github.com/cgo-guard/cgo_guard

go 1.19
