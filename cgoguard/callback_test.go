// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"errors"
	"runtime"
	"testing"

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
