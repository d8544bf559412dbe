// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"errors"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

func TestTrap65GoMemoryIsSafeInAGuardDuringCollections(t *testing.T) {
	checkFill(t, guardtest.Fill)
}

// checkFill lets C++ write to Go buffers, through fill, while the garbage collector runs without a pause.
func checkFill(t *testing.T, fill func(buffer []byte, rounds int, fails bool) error) {
	t.Helper()
	var done atomic.Bool
	collector := make(chan struct{})
	go func() {
		defer close(collector)
		for !done.Load() {
			runtime.GC()
		}
	}()
	inParallel(4, func(goroutine int) {
		for i := 0; i < 50; i++ {
			buffer := make([]byte, 10000)
			const rounds = 20
			err := fill(buffer, rounds, i%2 == 0)
			if fails := errors.Is(err, cgoguard.SIGSEGV); fails != (i%2 == 0) {
				t.Errorf("round %d gave %v", i, err)
			}
			for at, value := range buffer {
				if value != byte(rounds+at) {
					t.Errorf("byte %d is %d, want %d", at, value, byte(rounds+at))
					return
				}
			}
		}
	})
	done.Store(true)
	<-collector
}
