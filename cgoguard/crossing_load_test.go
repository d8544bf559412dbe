// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

// loadSecondsVariable says how long the load of crossings goes on.
const loadSecondsVariable = "CGOGUARD_LOAD_SECONDS"

func loadTime() time.Duration {
	if seconds, err := strconv.Atoi(os.Getenv(loadSecondsVariable)); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if testing.Short() {
		return 3 * time.Second
	}
	return 15 * time.Second
}

// Sixty-four goroutines send errors, panics and faults through C++, nested to a depth of their own. Each carries a token,
// and must arrive where it was expected, with that token.
func TestLoadCallbacksFaultsAndPanicsKeepTheirTokens(t *testing.T) {
	before := cgoguard.Stats()
	var count [8]int64
	end := time.Now().Add(loadTime())
	inParallel(64, func(goroutine int) {
		for call := 0; time.Now().Before(end) && !t.Failed(); call++ {
			token := uint64(goroutine*1_000_000 + call)
			kind := int(token % uint64(len(count)))
			if err := crossWith(token, kind, 1+goroutine%5); err != nil {
				t.Errorf("token %d, kind %d: %v", token, kind, err)
			}
			atomic.AddInt64(&count[kind], 1)
			if call%16 == goroutine%16 && !nilPanicRecovers() {
				t.Error("a nil pointer panic in Go is not recovered")
			}
		}
	})
	t.Logf("calls of each kind: %v", count)
	for kind, n := range count {
		if n == 0 {
			t.Errorf("no call of kind %d", kind)
		}
	}
	runtime.GC()
	if s := cgoguard.Stats(); s.LiveErrors != before.LiveErrors || s.PoisonedBy != "" || s.DoubleFrees != before.DoubleFrees {
		t.Errorf("%d errors are live, there were %d; %+v", s.LiveErrors, before.LiveErrors, s)
	}
}

// crossWith makes one call through depth layers of C++ and Go. It returns what was wrong with the outcome.
func crossWith(token uint64, kind, depth int) error {
	own := fmt.Errorf("token %d", token)
	text := own.Error()
	fault := guardtest.Named("write through null")
	exception := guardtest.Named("throw std::out_of_range")
	var innermost func() error
	how := guardtest.PassOn
	switch kind {
	case 0:
		innermost = func() error { return nil }
	case 1:
		innermost = func() error { runtime.Gosched(); return own }
	case 2:
		innermost = func() error { panic(text) }
	case 3:
		innermost = func() error { return fault.Call(token) }
	case 4:
		innermost = func() error { return exception.Call(token) }
	case 5:
		innermost, how = func() error { return own }, guardtest.CatchAndRethrow
	case 6:
		innermost, how = func() error { return own }, guardtest.Swallow
	default:
		innermost, how = func() error { panic(own) }, guardtest.KeepAndRaise
	}
	var err error
	value, _ := recovered(func() { err = crossLayers(innermost, how, depth) })
	switch kind {
	case 0, 6:
		if err != nil || value != nil {
			return fmt.Errorf("want success, got %v and panic %v", err, value)
		}
	case 1, 5:
		if !errors.Is(err, own) {
			return fmt.Errorf("want %v, got %v", own, err)
		}
	case 2:
		if value != any(text) {
			return fmt.Errorf("want panic %q, got %v and %v", text, value, err)
		}
	case 3:
		var at *cgoguard.Error
		for e := err; errors.As(e, &at) && at.Code == cgoguard.CodeGo; e = at.Unwrap() {
		}
		if !errors.Is(err, cgoguard.SIGSEGV) || at.Address != guardtest.TokenAddress(token) {
			return fmt.Errorf("want a fault at %#x, got %v", guardtest.TokenAddress(token), err)
		}
	case 4:
		var at *cgoguard.Error
		for e := err; errors.As(e, &at) && at.Code == cgoguard.CodeGo; e = at.Unwrap() {
		}
		if !errors.Is(err, cgoguard.ErrException) || at.Message != exception.MessageFor(token) {
			return fmt.Errorf("want %q, got %v", exception.MessageFor(token), err)
		}
	default:
		if value != any(own) {
			return fmt.Errorf("want panic %v, got %v and %v", own, value, err)
		}
	}
	return nil
}

func crossLayers(innermost func() error, how guardtest.Crossing, depth int) error {
	if depth == 0 {
		return innermost()
	}
	var seen guardtest.Seen
	return guardtest.Cross(func() error { return crossLayers(innermost, how, depth-1) }, how, &seen)
}
