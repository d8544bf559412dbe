// SPDX-License-Identifier: BSL-1.0

// Package cgoguard has what the analyzer looks for in the library's package, and none of the C++ that one brings along.
package cgoguard

import "errors"

func Err[T any](e *T) error {
	if e == nil {
		return nil
	}
	return errors.New("failed")
}
