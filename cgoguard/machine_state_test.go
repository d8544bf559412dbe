// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"bytes"
	"errors"
	"math"
	"runtime"
	"testing"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

// onOneThread makes the call and then runs check on the thread that made it.
func onOneThread(t *testing.T, c guardtest.Case, check func()) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for i := 0; i < 10; i++ {
		if err := c.Call(0x40); !errors.Is(err, cgoguard.SIGSEGV) {
			t.Fatalf("%s gave %v", c.Name, err)
		}
		check()
	}
}

func TestTrap41FloatingPointIsAsGoExpects(t *testing.T) {
	onOneThread(t, guardtest.FloatTraps, func() {
		one, zero := float64(variable(1)), float64(variable(0))
		if got := one / zero; !math.IsInf(got, 1) {
			t.Errorf("1/0 = %v", got)
		}
		if got := zero / zero; !math.IsNaN(got) {
			t.Errorf("0/0 = %v", got)
		}
		if tiny := one / (1 << 60); one+tiny != one {
			t.Error("sums are still rounded upward")
		}
	})
}

func TestTrap42FlagsAreAsGoExpects(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("this processor has no flags that change what Go's code does")
	}
	for _, c := range []guardtest.Case{guardtest.DirectionFlag, guardtest.AlignmentCheck} {
		onOneThread(t, c, func() {
			// Long enough for the string instructions of memmove, and odd enough to be unaligned.
			source := bytes.Repeat([]byte("0123456789"), 1000)
			target := make([]byte, len(source)+1)
			copy(target[1:], source)
			if !bytes.Equal(target[1:], source) {
				t.Errorf("%s: a copy differs from its original", c.Name)
			}
		})
	}
}

func TestTrap43ARecoveredCallLeavesNoErrno(t *testing.T) {
	err, errno := guardtest.NullReadErrno()
	if !errors.Is(err, cgoguard.SIGSEGV) || errno != nil {
		t.Errorf("the call gave %v and errno %v", err, errno)
	}
}

// variable hides a number from constant folding.
//
//go:noinline
func variable(n int) int { return n }
