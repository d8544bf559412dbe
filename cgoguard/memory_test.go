// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"fmt"
	"os"
	"runtime/debug"
	"testing"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

// residentKiB is the memory of this process after Go has given back what it does not need.
func residentKiB(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skipf("no /proc: %v", err)
	}
	var size, resident int
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * os.Getpagesize() / 1024
}

// checkMemoryIsFlat runs work, which makes a number of calls, several times over. A leak makes memory grow every time; a
// thread that Go started late, or slack in an allocator, makes it grow once. So the smallest growth is what counts.
func checkMemoryIsFlat(t *testing.T, calls int, work func(calls int)) {
	t.Helper()
	const rounds = 4
	work(calls / 10)
	least, before := 0, residentKiB(t)
	first := before
	for round := 0; round < rounds; round++ {
		work(calls / rounds)
		after := residentKiB(t)
		if growth := after - before; round == 0 || growth < least {
			least = growth
		}
		before = after
	}
	t.Logf("%d calls: %d KiB before, %d KiB after, at least %d KiB more each time", calls, first, before, least)
	// The race detector keeps shadow memory for every address that was ever touched, AddressSanitizer what was freed:
	// that growth is not ours.
	if limit := 1024 + calls/rounds/32; least > limit && !raceEnabled && !asanEnabled { // 32 bytes a call, and some slack for short runs
		t.Errorf("memory grew by at least %d KiB with every %d calls", least, calls/rounds)
	}
	if live := cgoguard.Stats().LiveErrors; live != 0 {
		t.Errorf("%d C errors are still live", live)
	}
}

func TestTrap62FailuresLeaveNoMemoryBehind(t *testing.T) {
	calls := 1000000
	if testing.Short() || raceEnabled {
		calls = 20000
	}
	cases := []guardtest.Case{guardtest.Named("throw std::out_of_range"), guardtest.Named("throw std::nested_exception"),
		guardtest.Named("read through null"), guardtest.Named("std::string with NUL")}
	checkMemoryIsFlat(t, calls, func(calls int) {
		for i := 0; i < calls; i++ {
			err := cases[i%len(cases)].Call(16)
			if i%1000 == 0 {
				failure(t, err).Stack()
			}
		}
	})
}
