// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

func inParallel(goroutines int, work func(goroutine int)) {
	var wait sync.WaitGroup
	for i := 0; i < goroutines; i++ {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			work(i)
		}(i)
	}
	wait.Wait()
}

// nilStringer panics in String when it is nil: package fmt recovers from that on its own.
type nilStringer struct{ text string }

func (s *nilStringer) String() string { return s.text }

func TestTrap1NilPanicsInGoStillRecover(t *testing.T) {
	guardtest.Named("read through null").Call(0) // the handlers are installed by now
	inParallel(16, func(int) {
		for i := 0; i < 10000/16; i++ {
			if !nilPanicRecovers() {
				t.Error("a nil pointer panic in Go was not recovered")
				return
			}
		}
	})
	if got := fmt.Sprint((*nilStringer)(nil)); got != "<nil>" {
		t.Errorf("fmt prints a nil Stringer as %q", got)
	}
}

func TestTrap4TheSignalMaskIsAsBefore(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := blockedSignals(t)
	for _, c := range guardtest.All() {
		c.Call(16)
		if after := blockedSignals(t); after != before {
			t.Errorf("%s: blocked signals were %s and are %s", c.Name, before, after)
		}
		if !nilPanicRecovers() {
			t.Errorf("%s: a nil pointer panic on the same thread is no longer recovered", c.Name)
		}
	}
}

// blockedSignals is the mask of this thread, as the kernel prints it.
func blockedSignals(t *testing.T) string {
	t.Helper()
	status, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		t.Skipf("no /proc: %v", err)
	}
	for _, line := range strings.Split(string(status), "\n") {
		if strings.HasPrefix(line, "SigBlk:") {
			return strings.TrimSpace(strings.TrimPrefix(line, "SigBlk:"))
		}
	}
	t.Fatal("/proc/thread-self/status has no SigBlk")
	return ""
}

func init() {
	children["preemption"] = func() {
		runtime.GOMAXPROCS(1)
		for i := 0; i < 1000; i++ {
			guardtest.Faults[i%len(guardtest.Faults)].Call(16)
		}
		go func() {
			for {
			}
		}()
		time.Sleep(time.Millisecond) // the other goroutine has the only processor now
		runtime.GC()
	}
}

// With one processor, the collector can run only if a signal stops the loop.
func TestTrap5PreemptionStillWorks(t *testing.T) {
	runChild(t, "preemption")
}

func TestTrap6ProfilingGoesOnWhileFaultsAreRecovered(t *testing.T) {
	faults := 100000
	if testing.Short() || raceEnabled {
		faults = 2000
	}
	var profile bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err != nil {
		t.Fatal(err)
	}
	c := guardtest.Named("read through null")
	inParallel(4, func(int) {
		for i := 0; i < faults/4; i++ {
			if c.Call(16) == nil {
				t.Error("a fault was lost")
			}
		}
	})
	for start := time.Now(); time.Since(start) < 300*time.Millisecond; { // at 100 Hz, enough for samples on any machine
		c.Call(16)
	}
	pprof.StopCPUProfile()

	unzipped, err := gzip.NewReader(&profile)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte("guardtest.Case.Call")) {
		t.Errorf("a profile of %d bytes has no sample of the calls it profiled", len(text))
	}
}

func init() {
	children["first guards race with nil panics"] = firstGuardsRaceWithNilPanics
}

func firstGuardsRaceWithNilPanics() {
	start := make(chan struct{})
	c := guardtest.Named("read through null")
	go close(start)
	inParallel(128, func(i int) {
		<-start
		if i%2 == 0 {
			if err := c.Call(uint64(i * 16)); err == nil {
				failChild("goroutine %d: a fault was lost", i)
			}
			return
		}
		for n := 0; n < 100; n++ {
			if !nilPanicRecovers() {
				failChild("goroutine %d: a nil pointer panic was not recovered", i)
			}
		}
	})
}

// Each child installs the handlers once, so several are needed for a race to show. Run with -race to see data races too.
func TestTrap16FirstGuardsRaceWithNilPanics(t *testing.T) {
	for i := 0; i < 10; i++ {
		runChild(t, "first guards race with nil panics")
	}
}

func TestTrap26AnErrorStaysWithItsGoroutine(t *testing.T) {
	inParallel(64, func(i int) {
		token := uint64(100000 + i*16)
		thrown := guardtest.Named("throw std::out_of_range").Call(token)
		fault := guardtest.Named("read through null").Call(token)
		for n := 0; n < 1000; n++ {
			runtime.Gosched()
		}
		if got, want := failure(t, thrown).Message, fmt.Sprintf("token %d", token); got != want {
			t.Errorf("message is %q, want %q", got, want)
		}
		if got, want := failure(t, fault).Address, guardtest.TokenAddress(token); got != want {
			t.Errorf("address is %#x, want %#x", got, want)
		}
	})
}
