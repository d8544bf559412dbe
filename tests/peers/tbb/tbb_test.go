// SPDX-License-Identifier: BSL-1.0

package tbb_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"example.com/peers/tbb"
	"github.com/cgo-guard/cgo_guard/cgoguard"
)

const (
	rounds        = 200
	childVariable = "PEERS_TBB_CHILD"
)

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(m.Run())
	}
	tbb.Loop(tbb.Faults, tbb.Worker, tbb.Bare, rounds)
	os.Exit(0)
}

// usable checks that parallel_for works as on the first day.
func usable(t *testing.T) {
	t.Helper()
	for i := 0; i < 10; i++ {
		if done, err := tbb.Loop(tbb.Succeeds, tbb.Caller, tbb.Bare, 1000); done != 1000 || err != nil {
			t.Fatalf("of 1000 rounds %d were done, %v", done, err)
		}
	}
}

func TestTBBTakesAnExceptionOfAnyThreadToTheGuard(t *testing.T) {
	for _, where := range []tbb.Thread{tbb.Caller, tbb.Worker} {
		_, err := tbb.Loop(tbb.Throws, where, tbb.Bare, rounds)
		var e *cgoguard.Error
		if !errors.As(err, &e) || e.Name != "std::out_of_range" || !strings.Contains(e.Message, "shelf 3") {
			t.Errorf("thread %d gave %+v", where, err)
			continue
		}
		if !strings.Contains(e.CStack(), "libtbb") || !strings.Contains(e.CStack(), "peers_loop") {
			t.Errorf("the stack is\n%s", e.CStack())
		}
		usable(t)
	}
}

// A guard in the body and check around it: a fault becomes an exception, which TBB takes to the caller as any other.
func TestTBBTakesAFaultOfAnyThreadToTheGuardIfItIsChecked(t *testing.T) {
	for i := 0; i < 10; i++ {
		for _, where := range []tbb.Thread{tbb.Caller, tbb.Worker} {
			before := cgoguard.Stats()
			_, err := tbb.Loop(tbb.Faults, where, tbb.Checked, rounds)
			after := cgoguard.Stats()
			if after.Signals-before.Signals != 1 || after.Exceptions-before.Exceptions != 1 {
				t.Errorf("not one signal and one exception: %+v, then %+v", before, after)
			}
			var e *cgoguard.Error
			if !errors.Is(err, cgoguard.SIGSEGV) || !errors.As(err, &e) || e.Cause == nil {
				t.Fatalf("thread %d gave %+v", where, err)
			}
			if stack := e.Cause.CStack(); !strings.Contains(stack, "fail") || !strings.Contains(stack, "round") {
				t.Errorf("the stack of the fault is\n%s", stack)
			}
			usable(t)
		}
	}
}

func TestAFaultInAnEnteredBodyIsToldAndTheLoopGoesOn(t *testing.T) {
	told := make(chan error, 100)
	cgoguard.OnThreadError(func(err error) { told <- err })
	defer cgoguard.OnThreadError(nil)
	for _, where := range []tbb.Thread{tbb.Caller, tbb.Worker} {
		before := cgoguard.Stats().ThreadErrors
		done, err := tbb.Loop(tbb.Faults, where, tbb.Entered, rounds)
		if n := cgoguard.Stats().ThreadErrors - before; n != 1 {
			t.Errorf("%d thread errors were counted, want 1", n)
		}
		if done != rounds-1 || err != nil {
			t.Errorf("thread %d: of %d rounds %d were done, %v", where, rounds, done, err)
		}
		select {
		case err := <-told:
			var e *cgoguard.Error
			if !errors.Is(err, cgoguard.SIGSEGV) || !errors.As(err, &e) || !strings.Contains(e.CStack(), "fail") {
				t.Errorf("thread %d told %+v", where, err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("thread %d told nothing", where)
		}
		usable(t)
	}
}

func TestAFaultInABareBodyOnAWorkerEndsTheProcess(t *testing.T) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childVariable+"=1")
	output, err := child.CombinedOutput()
	var exit *exec.ExitError
	killed := strings.Contains(string(output), "SIGSEGV") || err != nil && strings.Contains(err.Error(), "segmentation")
	if !errors.As(err, &exit) || !killed {
		t.Errorf("%v\n%s", err, output)
	}
}
