// SPDX-License-Identifier: BSL-1.0

// Package eitherguard has guarded C++ functions for tests that hold with the guard of signals and without it, and say what
// each of the two says of itself. It is compiled once as the platform has it, and once with -DCGO_GUARD_HAS_SIGNALS=0.
package eitherguard

/*
#cgo CFLAGS: -I${SRCDIR}/../../../include
#cgo CXXFLAGS: -std=c++17 -I${SRCDIR}/../../../include
#include "eitherguard.h"
*/
import "C"

import "github.com/cgo-guard/cgo_guard/cgoguard"

// Throw makes a call that throws a std::out_of_range.
func Throw() error { return cgoguard.Err(C.eitherguard_throw()) }

// ThrowAgain makes one whose exception is caught and thrown again on its way.
func ThrowAgain() error { return cgoguard.Err(C.eitherguard_throw_again()) }

// ThrowUnthrown makes one whose exception was made without a throw, and is rethrown.
func ThrowUnthrown() error { return cgoguard.Err(C.eitherguard_throw_unthrown()) }

// BreakNoexcept makes one whose exception comes to a noexcept function. Without signals the process dies of it.
func BreakNoexcept() error { return cgoguard.Err(C.eitherguard_break_noexcept()) }

// InC is CGO_GUARD_GUARDS_SIGNALS in a cgo preamble, InCXX in a C++ file.
func InC() bool   { return C.CGO_GUARD_GUARDS_SIGNALS != 0 }
func InCXX() bool { return C.eitherguard_cxx_guards_signals() != 0 }
