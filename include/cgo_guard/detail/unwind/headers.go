// SPDX-License-Identifier: BSL-1.0

// Package headers holds a floor of cgo_guard.h. Like its parents it is a package only so that "go mod vendor" copies it.
package headers
