// SPDX-License-Identifier: BSL-1.0

//go:build go1.24

package cgoguard_test

import (
	"strings"
	"testing"

	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

func TestTrap65AnnotatedGuardsKeepGoMemorySafe(t *testing.T) {
	checkFill(t, guardtest.AnnotatedFill)
}

func init() {
	children["broken nocallback promise"] = func() {
		err := guardtest.AnnotatedCallGo(func() { failChild("the callback ran") })
		failChild("the call returned %v", err)
	}
}

// Go's panic about the promise leaves its own bookkeeping of the thread undone, so it can't be tried in this process.
func TestTrap65ABrokenNocallbackPromiseIsGosOwnPanic(t *testing.T) {
	output := runDoomedChild(t, "broken nocallback promise")
	if !strings.Contains(output, "panic: ") || !strings.Contains(output, "nocallback") {
		t.Errorf("the crash report does not speak of the promise:\n%s", output)
	}
}
