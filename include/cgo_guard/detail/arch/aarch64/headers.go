// SPDX-License-Identifier: BSL-1.0

// Package headers holds the parts of cgo_guard.h for 64-bit Arm. Like its parents it is a package only so that "go mod
// vendor" copies it.
package headers
