// SPDX-License-Identifier: BSL-1.0

//go:build !cgo

package cgoguard

// Without cgo the rest of this package is excluded or does not compile. The first error a user sees should say why.
var _ = cgoguard_needs_cgo__set_CGO_ENABLED_1_and_install_a_C_and_a_CXX_compiler
