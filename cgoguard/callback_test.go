// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"bytes"
	"errors"
	"runtime"
	"runtime/pprof"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

func TestTrap22AGuardInsideACallbackRecoversOnItsOwn(t *testing.T) {
	var inner error
	for _, outerFails := range []bool{false, true} {
		wentOn, outer := guardtest.CallGo(func() {
			inner = guardtest.Named("read through null").Call(0x230)
			if !nilPanicRecovers() {
				t.Error("a nil pointer panic inside a callback is not recovered")
			}
			runtime.GC()
		}, outerFails)
		if !wentOn {
			t.Error("the outer guard did not go on after the callback")
		}
		if e := failure(t, inner); e.Function != "guardtest_null_read" || e.Address != 0x230 {
			t.Errorf("the inner guard gave %v", inner)
		}
		if !outerFails {
			if outer != nil {
				t.Errorf("the outer guard gave %v", outer)
			}
			continue
		}
		if e := failure(t, outer); e.Function != "guardtest_call_go" || e.Address != 0x80 {
			t.Errorf("the outer guard gave %v", outer)
		}
	}
}

func TestTrap22GuardsNestThroughManyCallbacks(t *testing.T) {
	const depth = 20
	errs := make([]error, depth)
	var descend func(level int)
	descend = func(level int) {
		if level == depth {
			return
		}
		_, errs[level] = guardtest.CallGo(func() { descend(level + 1) }, true)
	}
	descend(0)
	for level, err := range errs {
		if !errors.Is(err, cgoguard.SIGSEGV) {
			t.Errorf("level %d gave %v", level, err)
		}
	}
}

func TestTrap24APanicThatNoCallbackCatchesSkipsTheDestructorsOfCpp(t *testing.T) {
	leavesCFrames(t)
	live := cgoguard.Stats().LiveErrors
	var seen guardtest.Seen
	value, _ := recovered(func() { guardtest.CrossUnwrapped(func() { panic("not wrapped") }, &seen) })
	if value != any("not wrapped") {
		t.Errorf("recovered %v", value)
	}
	if seen.Destructors != 0 {
		t.Errorf("%d destructors ran; the documentation says that none does", seen.Destructors)
	}
	if n := cgoguard.Stats().LiveErrors; n != live {
		t.Errorf("%d errors are live, there were %d", n, live)
	}
	guardtest.CrossUnwrapped(func() {}, &seen)
	if seen.Destructors != 1 {
		t.Errorf("%d destructors ran without a panic", seen.Destructors)
	}
}

func TestTrap25GoroutinesThatMoveAfterAPanicLeaveNothingOnTheirThread(t *testing.T) {
	leavesCFrames(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	inParallel(32, func(int) {
		for i := 0; i < 300; i++ {
			panicThroughGuard(1)
			for n := 0; n < 5; n++ {
				runtime.Gosched()
			}
			if err := guardtest.Named("read through null").Call(0x230); !errors.Is(err, cgoguard.SIGSEGV) {
				t.Errorf("a guard gave %v", err)
				return
			}
			if !nilPanicRecovers() {
				t.Error("a nil pointer panic in Go is not recovered")
				return
			}
		}
	})
}

func TestTrap31AGoStackGrowsInACallback(t *testing.T) {
	var sum, wantSum int
	var inner error
	_, err := guardtest.CallGo(func() {
		sum = deep(20000)
		inner = guardtest.Named("stack overflow").Call(0)
		sum += deep(20000)
	}, true)
	wantSum = 2 * deep(20000)
	if sum != wantSum || !errors.Is(inner, cgoguard.SIGSEGV) || !errors.Is(err, cgoguard.SIGSEGV) {
		t.Errorf("sum %d, want %d; inner %v, outer %v", sum, wantSum, inner, err)
	}
}

// deep uses 20 MB of stack for 20,000 levels.
func deep(level int) int {
	var frame [1000]byte
	frame[level%len(frame)] = 1
	if level == 0 {
		return 0
	}
	below := deep(level - 1)
	return below + int(frame[level%len(frame)])
}

func TestAGoCallbackUnderAGuardIsPreempted(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var stop int32
	go func() {
		time.Sleep(20 * time.Millisecond) // the loop below has to be preempted for this to run at all
		runtime.GC()
		atomic.StoreInt32(&stop, 1)
	}()
	_, err := guardtest.CallGo(func() {
		for i := 0; ; i++ {
			if i == 1<<40 || stopped(&stop) {
				return
			}
		}
	}, true)
	if !errors.Is(err, cgoguard.SIGSEGV) {
		t.Errorf("after the callback the guard gave %v", err)
	}
}

func stopped(flag *int32) bool { return atomic.LoadInt32(flag) != 0 } // inlined: no call in the loop

func TestAGoCallbackUnderAGuardIsProfiled(t *testing.T) {
	var profile bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err != nil {
		t.Fatal(err)
	}
	_, err := guardtest.CallGo(func() {
		for start := time.Now(); time.Since(start) < 200*time.Millisecond; {
			if err := guardtest.Named("read through null").Call(0x230); !errors.Is(err, cgoguard.SIGSEGV) {
				t.Errorf("a guard under the profiler gave %v", err)
				return
			}
		}
	}, true)
	pprof.StopCPUProfile()
	if !errors.Is(err, cgoguard.SIGSEGV) || profile.Len() < 200 {
		t.Errorf("the guard gave %v, the profile has %d bytes", err, profile.Len())
	}
}
