// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

func init() {
	children["nil dereferences on a small signal stack"] = func() {
		for i := 0; i < 10; i++ {
			err := guardtest.OnSmallSignalStack(func() error {
				for i := 0; i < 100; i++ {
					if !nilPanicRecovers() {
						return errors.New("a nil pointer panic in Go was not recovered")
					}
				}
				runtime.GC()
				return nil
			})
			if err != nil {
				failChild("round %d: %v", i, err)
			}
		}
		if !nilPanicRecovers() {
			failChild("afterwards a nil pointer panic in Go was not recovered")
		}
	}
}

func TestTrap34NilPanicsRecoverWhileCHasASmallSignalStack(t *testing.T) {
	runChild(t, "nil dereferences on a small signal stack")
}

func TestTrap5AFaultInAHandlerOfTheProgramLeavesNoSignalBlocked(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := blockedSignals(t)
	for i := 0; i < 100; i++ {
		err := guardtest.FaultInHandler(0x80)
		var e *cgoguard.Error
		if !errors.As(err, &e) || e.Address != 0x80 {
			t.Fatalf("a fault in a handler gave %v", err)
		}
		if e.Cleanup != cgoguard.CleanupPartial {
			t.Fatalf("the interrupted frame was left without its cleanups, and the error says %v", e.Cleanup)
		}
		if after := blockedSignals(t); after != before {
			t.Fatalf("blocked signals were %s and are %s", before, after)
		}
		if !nilPanicRecovers() {
			t.Fatal("a nil pointer panic on the same thread is no longer recovered")
		}
	}
}
