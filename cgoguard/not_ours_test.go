// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

// Faults and signals that no guard may take: they end the process, as Go would end it.

func init() {
	children["unguarded crash"] = func() {
		guardtest.Success(1)
		guardtest.UnguardedCrash()
	}
	children["unguarded crash in a callback"] = func() {
		_, err := guardtest.CallGo(guardtest.UnguardedCrash, false)
		failChild("the outer guard jumped over Go frames and gave %v", err)
	}
	children["smashed stack in a callback"] = func() {
		_, err := guardtest.CallGo(guardtest.UnguardedOverrun, false)
		failChild("the outer guard jumped over Go frames and gave %v", err)
	}
	children["smashed stack in a callback after panics"] = func() {
		_, err := guardtest.CallGo(func() {
			panicThroughGuard(100)
			guardtest.UnguardedOverrun()
		}, false)
		failChild("the outer guard jumped over Go frames and gave %v", err)
	}
	children["killed while guarded"] = func() {
		started := new(int32)
		go func() {
			for atomic.LoadInt32(started) == 0 {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(50 * time.Millisecond)
			syscall.Kill(os.Getpid(), syscall.SIGABRT)
		}()
		failChild("the guard took a signal from outside: %v", guardtest.Spin(started))
	}
	children["Go dies in a callback"] = func() {
		debug.SetTraceback("crash") // Go ends itself with SIGABRT, on the thread that has the guard
		_, err := guardtest.CallGo(func() {
			m := map[int]int{}
			for i := 0; i < 4; i++ {
				go func() {
					for {
						m[1]++
					}
				}()
			}
			time.Sleep(20 * time.Second)
		}, false)
		failChild("the guard took Go's own abort: %v", err)
	}
}

func TestAnUnguardedCrashIsReportedByGo(t *testing.T) {
	if output := runDoomedChild(t, "unguarded crash"); !strings.Contains(output, "goroutine ") {
		t.Errorf("no goroutine dump in\n%s", output)
	}
}

func TestTrap21ACrashInUnguardedCUnderACallbackIsNotTheOuterGuards(t *testing.T) {
	for _, crash := range []string{
		"unguarded crash in a callback",
		"smashed stack in a callback", // found by looking upward for a guard, and Go's frames end the search
		"smashed stack in a callback after panics",
	} {
		output := runDoomedChild(t, crash)
		if !strings.Contains(output, "goroutine ") || strings.Contains(output, "exitsyscall") {
			t.Errorf("%s: want Go's crash report, got\n%s", crash, output)
		}
	}
}

func TestTrap9AKillFromOutsideDumpsGoroutines(t *testing.T) {
	output := runDoomedChild(t, "killed while guarded")
	if !strings.Contains(output, "SIGABRT") || !strings.Contains(output, "goroutine ") {
		t.Errorf("want SIGABRT and a goroutine dump, got\n%s", output)
	}
}

func TestTrap10GosOwnAbortUnderAGuardEndsTheProcess(t *testing.T) {
	output, err := startChild(t, "Go dies in a callback")
	if err == nil || strings.Contains(output, childDone) || !strings.Contains(output, "fatal error: concurrent map") {
		t.Errorf("%v, want the death of the process by concurrent map accesses, got\n%s", err, output)
	}
	if !strings.Contains(err.Error(), "abort") {
		t.Errorf("the process ended with %q, want SIGABRT", err)
	}
}

func init() {
	children["crash after a panic"] = func() {
		panicThroughGuard(1000)
		guardtest.UnguardedCrash()
	}
}

// panicThroughGuard lets a Go panic pass a guard, times over, and recovers it on the other side.
func panicThroughGuard(times int) (recovered int) {
	for i := 0; i < times; i++ {
		func() {
			defer func() {
				if recover() == "through C++" {
					recovered++
				}
			}()
			guardtest.CallGo(func() { panic("through C++") }, false)
		}()
	}
	return recovered
}

func TestTrap23APanicThroughAGuardLeavesNothingBehind(t *testing.T) {
	leavesCFrames(t)
	const times = 100000
	live := cgoguard.Stats().LiveErrors
	inParallel(8, func(int) {
		if n := panicThroughGuard(times / 8); n != times/8 {
			t.Errorf("%d of %d panics were recovered", n, times/8)
		}
		runtime.Gosched()
		if err := guardtest.Named("read through null").Call(0x230); !errors.Is(err, cgoguard.SIGSEGV) {
			t.Errorf("a new guard after the panics gave %v", err)
		}
	})
	if n := cgoguard.Stats().LiveErrors; n != live {
		t.Errorf("%d errors are live, there were %d", n, live)
	}
	if output := runDoomedChild(t, "crash after a panic"); !strings.Contains(output, "goroutine ") {
		t.Errorf("an unguarded crash after the panics should end the process with Go's report, got\n%s", output)
	}
}

func TestTrap23EveryFailureAfterPanicsIsItsOwnGuards(t *testing.T) {
	leavesCFrames(t)
	inParallel(4, func(int) {
		runtime.LockOSThread() // the panics' dead frames are on this thread's C stack
		defer runtime.UnlockOSThread()
		for round := uint64(0); round < 20; round++ {
			for _, c := range guardtest.All() {
				panicThroughGuard(1)
				if e := failure(t, c.Call(round)); e.CStack() == "" {
					t.Errorf("%s: no stack", c.Name)
				}
			}
		}
	})
}

func TestAGuardBeforeTheGoRuntimeRecovers(t *testing.T) {
	if n := guardtest.SignalBeforeMain(); n != int(syscall.SIGSEGV) {
		t.Errorf("the guard in the constructor saw signal %d, want SIGSEGV", n)
	}
	if !nilPanicRecovers() {
		t.Error("a nil pointer panic in Go is not recovered after a guard before main")
	}
	if n := cgoguard.Stats().Installed; n != 7 {
		guardtest.Success(1) // the first guard after the runtime's start puts them on top
		if n = cgoguard.Stats().Installed; n != 7 {
			t.Errorf("%d handlers are installed, want 7", n)
		}
	}
}
