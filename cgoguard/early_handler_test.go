// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"errors"
	"os"
	"testing"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

func init() {
	// Go passes a signal of a thread that it does not know to the handler before it: it installs that one for the whole
	// process, raises the signal again, and then takes its own place, which is ours.
	children["signal swallowed on a bare thread"] = func() {
		for i := 1; i <= 3; i++ {
			if err := guardtest.IllegalInstruction(); !errors.Is(err, cgoguard.SIGILL) {
				failChild("round %d: before, a guard gave %v", i, err)
			}
			if n := guardtest.SwallowedOnABareThread(); n != i {
				failChild("round %d: the early handler has swallowed %d", i, n)
			}
		}
		if n := cgoguard.Stats().Installed; n != 6 {
			failChild("%d handlers are installed; Go should have taken SIGILL, so that there is something to notice", n)
		}
		if err := guardtest.IllegalInstruction(); !errors.Is(err, cgoguard.SIGILL) {
			failChild("afterwards a guard gave %v", err)
		}
		if s := cgoguard.Stats(); s.Installed != 7 || s.Displaced == 0 {
			failChild("afterwards %d handlers are installed, and %d times others were put over them", s.Installed, s.Displaced)
		}
	}
}

func TestTrap12AGuardWorksAfterGoHasTakenItsHandlerBack(t *testing.T) {
	os.Setenv(guardtest.EarlyHandlerVariable, "1")
	defer os.Unsetenv(guardtest.EarlyHandlerVariable)
	runChild(t, "signal swallowed on a bare thread")
}
