// SPDX-License-Identifier: BSL-1.0
module example.com/vetted

go 1.19

require github.com/cgo-guard/cgo_guard v0.0.0

replace github.com/cgo-guard/cgo_guard => ./cgoguard_stub
