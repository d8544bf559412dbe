// SPDX-License-Identifier: BSL-1.0

// Package arch holds the processor-specific parts of cgo_guard.h. Like its parents it is a package only so that
// "go mod vendor" copies it.
package arch
