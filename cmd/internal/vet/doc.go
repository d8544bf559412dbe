// SPDX-License-Identifier: BSL-1.0

// Package vet finds errors of guarded C++ functions that get lost on their way into Go, and exported C++ functions that
// have no guard.
//
// It sees a package as the go command compiles it: with the Go files that cgo has made of those which import "C". There
// every C function has a Go declaration with a full type (_Cfunc_f), so that what is an error of a guard is decided by
// type and not by name. cgo.go is all that knows what cgo makes of a call.
//
// The C++ files are read as tokens, without a C++ compiler: what is found does not depend on whether the machine has
// one, on its flags or on its headers. What tokens can't decide is not reported (unguarded.go).
package vet
