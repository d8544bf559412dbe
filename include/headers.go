// SPDX-License-Identifier: BSL-1.0

// Package include holds cgo_guard.h, the one header a user includes. It has no Go code: a directory that is a package
// is copied by "go mod vendor", with every file in it, and a directory that is not is left behind.
package include
