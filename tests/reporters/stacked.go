// SPDX-License-Identifier: BSL-1.0

// Package reporters is an adapter that programs may copy, and the tests of what error reporters show of a
// *cgoguard.Error.
package reporters

import (
	"fmt"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/pkg/errors"
)

// Stacked gives an *Error the StackTrace that zerolog and cockroachdb/errors look for. They want the type of
// github.com/pkg/errors; the error's own method has another one, for Sentry, and no dependency.
type Stacked struct{ Failure *cgoguard.Error }

// StackTrace is the Go stack. C++ frames are not in it: pkg/errors names frames by runtime.FuncForPC, which knows none.
func (s Stacked) StackTrace() errors.StackTrace {
	pcs := s.Failure.StackTrace()
	frames := make(errors.StackTrace, len(pcs))
	for i, pc := range pcs {
		frames[i] = errors.Frame(pc)
	}
	return frames
}

func (s Stacked) Error() string                 { return s.Failure.Error() }
func (s Stacked) Format(f fmt.State, verb rune) { s.Failure.Format(f, verb) }

// Unwrap keeps errors.Is and errors.As.
func (s Stacked) Unwrap() error { return s.Failure }
