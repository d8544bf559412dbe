// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"runtime"
	"sync"
	"testing"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

// Ten goroutines make every kind of call, successes included, and every error must be of the call that returned it.
func TestLoadEveryErrorBelongsToItsCall(t *testing.T) {
	const goroutines = 10
	calls := 100000
	if testing.Short() || raceEnabled {
		calls = 2000
	}
	var light, heavy []guardtest.Case
	for _, c := range guardtest.All() {
		switch {
		case c.Leaks:
		case c.Heavy:
			heavy = append(heavy, c)
		default:
			light = append(light, c)
		}
	}

	// A thread keeps the memory of a stack that once overflowed, 8 MB of it. Let that happen to the threads beforehand.
	overflow := guardtest.Named("stack overflow")
	var allHere sync.WaitGroup
	allHere.Add(2 * goroutines)
	inParallel(2*goroutines, func(int) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		allHere.Done()
		allHere.Wait()
		callAndCheck(t, overflow, 0)
	})

	doubleFrees := cgoguard.Stats().DoubleFrees
	checkMemoryIsFlat(t, goroutines*calls, func(calls int) {
		calls /= goroutines
		inParallel(goroutines, func(goroutine int) {
			for i := 0; i < calls && !t.Failed(); i++ {
				token := uint64(goroutine*10000000 + i*16)
				choice := (goroutine + i) % (len(light) + 2)
				switch {
				case i%1000 < len(heavy):
					callAndCheck(t, heavy[i%1000], token)
				case choice < len(light):
					callAndCheck(t, light[choice], token)
				case choice == len(light):
					if out, err := guardtest.Success(token); err != nil || out != token {
						t.Errorf("success gave %d, %v", out, err)
					}
				default:
					if out, err := guardtest.Value(token, false); err != nil || out != token {
						t.Errorf("the value form gave %d, %v", out, err)
					}
				}
			}
		})
	})
	if stats := cgoguard.Stats(); stats.PoisonedBy != "" || stats.DoubleFrees != doubleFrees {
		t.Errorf("unexpected %+v", stats)
	}
	if !nilPanicRecovers() {
		t.Error("a nil pointer panic in Go is no longer recovered")
	}
}

func callAndCheck(t *testing.T, c guardtest.Case, token uint64) {
	e, ok := c.Call(token).(*cgoguard.Error)
	if !ok {
		t.Errorf("%s: no error", c.Name)
		return
	}
	checkCase(t, c, token, e)
}
