// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

// Go errors that come back through C++. Panics are in crossing_panic_test.go.

var errOwn = errors.New("the item is not for sale")

func TestAGoErrorComesBackThroughCppAsTheSameValue(t *testing.T) {
	_, notThere := os.Open("/nonexistent/file")
	for _, original := range []error{errOwn, io.EOF, notThere, fmt.Errorf("wrapped: %w", io.ErrUnexpectedEOF)} {
		var seen guardtest.Seen
		err := guardtest.Cross(func() error { return original }, guardtest.PassOn, &seen)
		e := failure(t, err)
		if e.Code != cgoguard.CodeGo || !errors.Is(err, cgoguard.ErrGo) || e.Number != 0 {
			t.Errorf("%v has code %v and number %d", err, e.Code, e.Number)
		}
		if errors.Unwrap(err) != original || !errors.Is(err, original) {
			t.Errorf("%v wraps %v, want the very error of the callback", err, errors.Unwrap(err))
		}
		if want := fmt.Sprintf("%T", original); e.Name != want || e.Message != original.Error() {
			t.Errorf("name and message are %q and %q", e.Name, e.Message)
		}
		if seen.WentOn || seen.Destructors != 1 {
			t.Errorf("C++ saw %+v, want one destructor and no going on", seen)
		}
		if e.Cleanup != cgoguard.CleanupComplete {
			t.Errorf("the cleanup was %v", e.Cleanup)
		}
	}
	var seen guardtest.Seen
	err := guardtest.Cross(func() error { return notThere }, guardtest.PassOn, &seen)
	var pathError *fs.PathError
	if !errors.As(err, &pathError) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("errors.As and errors.Is don't see through %v", err)
	}
}

func TestASuccessfulCallbackGoesOnInCpp(t *testing.T) {
	var seen guardtest.Seen
	if err := guardtest.Cross(func() error { return nil }, guardtest.PassOn, &seen); err != nil || !seen.WentOn {
		t.Errorf("got %v, and C++ saw %+v", err, seen)
	}
}

func TestAGoErrorHasBothStacksInTheOrderOfTheCalls(t *testing.T) {
	var seen guardtest.Seen
	e := failure(t, guardtest.Cross(failingVisit, guardtest.PassOn, &seen))
	stack := e.Stack()
	last := -1
	for _, want := range []string{"guardtest_checked_go_function", "(anonymous namespace)::visit", "guardtest_cross\n", "guardtest.Cross\n",
		"TestAGoErrorHasBothStacksInTheOrderOfTheCalls"} {
		at := strings.Index(stack, want)
		if at <= last {
			t.Fatalf("%q is not where it should be in\n%s", want, stack)
		}
		last = at
	}
	for _, unwanted := range []string{"runtime.", "cgoguard.Callback", "_cgoexp", "throw_report", "__cxa_throw"} {
		if strings.Contains(e.CStack()+stack[:strings.Index(stack, "guardtest_cross\n")], unwanted) {
			t.Errorf("%q should not be in\n%s", unwanted, stack)
		}
	}
	if report := fmt.Sprintf("%+v", e); !strings.Contains(report, "Go stack of the callback:") {
		t.Errorf("no callback's stack in\n%s", report)
	}
}

//go:noinline
func failingVisit() error { return errOwn }

func TestCppMayCatchAGoErrorAndGoOn(t *testing.T) {
	var seen guardtest.Seen
	if err := guardtest.Cross(failingVisit, guardtest.Swallow, &seen); err != nil {
		t.Errorf("got %v", err)
	}
	if want := (guardtest.Seen{Destructors: 2, Caught: 1, Type: "*errors.errorString", What: errOwn.Error()}); seen != want {
		t.Errorf("C++ saw %+v, want %+v", seen, want)
	}
}

func TestCppMayPassAGoErrorOnInItsOwnWays(t *testing.T) {
	for _, how := range []guardtest.Crossing{guardtest.CatchAndRethrow, guardtest.Nest, guardtest.KeepAndRaise} {
		var seen guardtest.Seen
		err := guardtest.Cross(failingVisit, how, &seen)
		if !errors.Is(err, errOwn) {
			t.Errorf("way %d: %v does not lead to the Go error", how, err)
		}
		if seen.Destructors != 2 {
			t.Errorf("way %d: %d destructors ran, want 2", how, seen.Destructors)
		}
		e := failure(t, err)
		if how == guardtest.Nest {
			if e.Code != cgoguard.CodeException || e.Name != "std::runtime_error" || e.Cause.Code != cgoguard.CodeGo {
				t.Errorf("way %d: got %+v", how, err)
			}
		} else if e.Code != cgoguard.CodeGo {
			t.Errorf("way %d: code is %v", how, e.Code)
		}
	}
	var seen guardtest.Seen
	err := guardtest.Cross(failingVisit, guardtest.Replace, &seen)
	if errors.Is(err, errOwn) || failure(t, err).Name != "std::out_of_range" {
		t.Errorf("an exception that replaces the Go error gave %v", err)
	}
}

func TestAnyNumberOfCrossingsKeepsTheWholeChain(t *testing.T) {
	const depth = 12
	var descend func(level int) error
	descend = func(level int) error {
		if level == depth {
			return guardtest.Named("read through null").Call(0x230) // a fault at the very end
		}
		var seen guardtest.Seen
		if err := guardtest.Cross(func() error { return descend(level + 1) }, guardtest.PassOn, &seen); err != nil {
			return fmt.Errorf("level %d: %w", level, err)
		}
		return nil
	}
	err := descend(0)
	if !errors.Is(err, cgoguard.SIGSEGV) {
		t.Fatalf("the fault at the end is not to be found in %v", err)
	}
	crossings, faults := 0, 0
	for at := err; at != nil; at = errors.Unwrap(at) {
		e, ok := at.(*cgoguard.Error)
		if !ok {
			continue
		}
		if e.CStack() == "" || e.GoStack() == "" {
			t.Errorf("%v has lost a stack", e)
		}
		switch e.Code {
		case cgoguard.CodeGo:
			crossings++
		case cgoguard.CodeSignal:
			faults++
		}
	}
	if crossings != depth || faults != 1 {
		t.Errorf("the chain has %d crossings and %d faults, want %d and 1", crossings, faults, depth)
	}
	report := fmt.Sprintf("%+v", err.(interface{ Unwrap() error }).Unwrap())
	if n := strings.Count(report, "null pointer read at 0x230"); n == 0 || !strings.Contains(report, "guardtest_null_read") {
		t.Errorf("the report of the outermost error does not tell of the fault:\n%s", report)
	}
}

func TestNothingOfAGoErrorLeaksWhateverCppDoes(t *testing.T) {
	live := cgoguard.Stats().LiveErrors
	for _, how := range []guardtest.Crossing{guardtest.PassOn, guardtest.Swallow, guardtest.CatchAndRethrow, guardtest.Nest,
		guardtest.Replace, guardtest.KeepAndRaise} {
		const times = 500
		var collected int32
		for i := 0; i < times; i++ {
			var seen guardtest.Seen
			original := &largeError{text: make([]byte, 1<<10)}
			runtime.SetFinalizer(original, func(*largeError) { atomic.AddInt32(&collected, 1) })
			guardtest.Cross(func() error { return original }, how, &seen)
		}
		if n := cgoguard.Stats().LiveErrors; n != live {
			t.Errorf("way %d: %d errors are live, there were %d", how, n, live)
		}
		const most = times - 1 // the last may still be in a register
		for start := time.Now(); atomic.LoadInt32(&collected) < most; time.Sleep(time.Millisecond) {
			runtime.GC()
			if time.Since(start) > 20*time.Second {
				t.Fatalf("way %d: only %d of %d Go errors were collected", how, atomic.LoadInt32(&collected), times)
			}
		}
	}
}

type largeError struct{ text []byte }

func (*largeError) Error() string { return "large" }

func TestAnErrorWhoseTextPanicsStillComesBack(t *testing.T) {
	var seen guardtest.Seen
	var broken *brokenError
	err := guardtest.Cross(func() error { return broken }, guardtest.PassOn, &seen)
	var found *brokenError
	if !errors.As(err, &found) || !strings.Contains(failure(t, err).Message, "Error method panicked") {
		t.Errorf("got %v", err)
	}
}

type brokenError struct{ text string }

func (e *brokenError) Error() string { return e.text }

func TestALongTextOfAGoErrorKeepsItsLength(t *testing.T) {
	var seen guardtest.Seen
	long := errors.New(strings.Repeat("x", 1<<20))
	if e := failure(t, guardtest.Cross(func() error { return long }, guardtest.PassOn, &seen)); len(e.Message) != 1<<20 {
		t.Errorf("%d bytes of message, want %d", len(e.Message), 1<<20)
	}
}

func TestTheFailureOfAnInnerGuardIsTheCauseOfTheOuters(t *testing.T) {
	e := failure(t, guardtest.CheckInnerGuard())
	if e.Code != cgoguard.CodeException || e.Name != "cgo_guard::error" || !errors.Is(e, cgoguard.SIGSEGV) {
		t.Errorf("got %v", e)
	}
	if e.Cause == nil || e.Cause.Address != 0x80 || e.Cause.CStack() == "" {
		t.Errorf("the cause is %+v", e.Cause)
	}
}

func TestCheckRefusesWhatIsNoReport(t *testing.T) {
	for which, want := range []string{"no cgo_guard_error", "another version"} {
		if e := failure(t, guardtest.CheckNonsense(which)); e.Name != "std::invalid_argument" || !strings.Contains(e.Message, want) {
			t.Errorf("%d: got %v", which, e)
		}
	}
}

func TestManyGoroutinesCrossWithTheirOwnErrors(t *testing.T) {
	inParallel(64, func(worker int) {
		for i := 0; i < 200; i++ {
			own := fmt.Errorf("worker %d, call %d", worker, i)
			var seen guardtest.Seen
			err := guardtest.Cross(func() error { runtime.Gosched(); return own }, guardtest.PassOn, &seen)
			if !errors.Is(err, own) || seen.What != "" && seen.What != own.Error() {
				t.Errorf("got %v, want %v", err, own)
				return
			}
		}
	})
}

func TestACallbacksResultIsNilForSuccess(t *testing.T) {
	if p := cgoguard.Callback(func() error { return nil }); p != nil {
		t.Errorf("got %v", p)
	}
	if typ := reflect.TypeOf(cgoguard.Callback).Out(0).String(); typ != "unsafe.Pointer" {
		t.Errorf("Callback returns %s", typ)
	}
}
