// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

// recovered makes a call, and returns the value of its panic and the stack that PanicStack has of it.
func recovered(call func()) (value any, stack string) {
	defer func() {
		value = recover()
		stack = cgoguard.PanicStack(value)
	}()
	call()
	return nil, ""
}

//go:noinline
func panicWith(value any) error { panic(value) }

func TestAPanicGoesOnThroughCppWithTheSameValue(t *testing.T) {
	pointer := &struct{ a, b int }{1, 2}
	slice := []int{1, 2, 3} // can't be compared
	for _, original := range []any{"text", 42, io.EOF, pointer, slice, struct{}{}, errOwn} {
		var seen guardtest.Seen
		value, stack := recovered(func() {
			guardtest.Cross(func() error { return panicWith(original) }, guardtest.PassOn, &seen)
		})
		if fmt.Sprintf("%T %v", value, value) != fmt.Sprintf("%T %v", original, original) {
			t.Errorf("recovered %T %v, want %T %v", value, value, original, original)
		}
		if p, ok := original.(*struct{ a, b int }); ok && value != any(p) {
			t.Error("the pointer is another one")
		}
		if seen.Destructors != 1 || seen.WentOn {
			t.Errorf("C++ saw %+v, want one destructor and no going on", seen)
		}
		if !strings.HasPrefix(stack, packagePath+".panicWith\n") || !strings.Contains(stack, "(anonymous namespace)::visit") {
			t.Errorf("the panic's stack should begin in panicWith and go through C++:\n%s", stack)
		}
	}
}

const packagePath = "github.com/cgo-guard/cgo_guard/cgoguard_test"

func TestANilPointerPanicGoesOnThroughCpp(t *testing.T) {
	var seen guardtest.Seen
	value, _ := recovered(func() {
		guardtest.Cross(func() error {
			var nothing *int
			sink = *nothing
			return nil
		}, guardtest.PassOn, &seen)
	})
	err, ok := value.(runtime.Error)
	if !ok || !strings.Contains(err.Error(), "nil pointer dereference") {
		t.Errorf("recovered %T %v", value, value)
	}
	if seen.Destructors != 1 {
		t.Errorf("%d destructors ran", seen.Destructors)
	}
}

func TestANilPanicGoesOnThroughCpp(t *testing.T) {
	var seen guardtest.Seen
	wentOn := false
	recovered(func() {
		guardtest.Cross(func() error { return panicWith(nil) }, guardtest.PassOn, &seen)
		wentOn = true
	})
	if wentOn || seen.Destructors != 1 {
		t.Errorf("went on: %v, C++ saw %+v", wentOn, seen)
	}
}

func TestCppSeesThatItIsAPanicAndMayEndIt(t *testing.T) {
	var seen guardtest.Seen
	if err := guardtest.Cross(func() error { return panicWith("boom") }, guardtest.Swallow, &seen); err != nil {
		t.Errorf("got %v", err)
	}
	if !seen.IsPanic || seen.Type != "string" || seen.What != "panic: boom" {
		t.Errorf("C++ saw %+v", seen)
	}
}

func TestAPanicThatCppMadeTheCauseOfAnExceptionIsAnError(t *testing.T) {
	var seen guardtest.Seen
	err := guardtest.Cross(func() error { return panicWith(io.EOF) }, guardtest.Nest, &seen)
	var p *cgoguard.Panic
	if !errors.As(err, &p) || p.Value != io.EOF || !errors.Is(err, io.EOF) {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(p.Stack(), "panicWith") {
		t.Errorf("the panic's stack is\n%s", p.Stack())
	}
	if failure(t, err).Name != "std::runtime_error" {
		t.Errorf("got %v", err)
	}
}

func TestAPanicThroughManyCrossingsKeepsItsWholeWay(t *testing.T) {
	const depth = 8
	var descend func(level int) error
	descend = func(level int) error {
		if level == depth {
			return panicWith(errOwn)
		}
		var seen guardtest.Seen
		return guardtest.Cross(func() error { return descend(level + 1) }, guardtest.PassOn, &seen)
	}
	value, stack := recovered(func() { descend(0) })
	if value != any(errOwn) {
		t.Fatalf("recovered %v", value)
	}
	if n := strings.Count(stack, "(anonymous namespace)::visit"); n != depth || !strings.HasPrefix(stack, packagePath+".panicWith\n") {
		t.Errorf("the way leads through C++ %d times, want %d:\n%s", n, depth, stack)
	}
}

func TestAValueThatPanicsAgainStartsANewWay(t *testing.T) {
	for i := 0; i < 3; i++ {
		var seen guardtest.Seen
		_, stack := recovered(func() {
			guardtest.Cross(func() error { return panicWith(errOwn) }, guardtest.PassOn, &seen)
		})
		if n := strings.Count(stack, "panicWith"); n != 1 {
			t.Fatalf("round %d: the way begins %d times:\n%s", i, n, stack)
		}
	}
	defer func() {
		if value := recover(); cgoguard.PanicStack(value) != "" {
			t.Error("a panic that never came near C++ has a way through it")
		}
	}()
	panicWith(errOwn)
}

func TestAPanicThatADeferredFunctionRaisesAgainKeepsItsWay(t *testing.T) {
	var seen guardtest.Seen
	_, stack := recovered(func() {
		defer func() { panic(recover()) }()
		guardtest.Cross(func() error { return panicWith(errOwn) }, guardtest.PassOn, &seen)
	})
	if !strings.HasPrefix(stack, packagePath+".panicWith\n") {
		t.Errorf("the way is\n%s", stack)
	}
}

func TestAPanicThatNobodyRecoversPrintsWhereItBegan(t *testing.T) {
	output := runDoomedChild(t, "panic through C++")
	for _, want := range []string{"panic: ", "nobody recovers this", "panicWith", "(anonymous namespace)::visit", "goroutine "} {
		if !strings.Contains(output, want) {
			t.Errorf("no %q in\n%s", want, output)
		}
	}
}

func init() {
	children["panic through C++"] = func() {
		var seen guardtest.Seen
		guardtest.Cross(func() error { return panicWith("nobody recovers this") }, guardtest.PassOn, &seen)
	}
	children["Goexit through C++"] = func() {
		done := make(chan struct{})
		go func() {
			defer close(done)
			var seen guardtest.Seen
			guardtest.Cross(func() error { runtime.Goexit(); return nil }, guardtest.PassOn, &seen)
			failChild("a goroutine went on after Goexit")
		}()
		<-done
		if err := guardtest.Named("read through null").Call(0x230); !errors.Is(err, cgoguard.SIGSEGV) {
			failChild("a guard after Goexit gave %v", err)
		}
		if n := cgoguard.Stats().LiveErrors; n != 0 {
			failChild("%d errors are live", n)
		}
	}
}

func TestGoexitInACallbackEndsTheGoroutineAndNothingElse(t *testing.T) {
	leavesCFrames(t)
	runChild(t, "Goexit through C++")
}

func TestPanicStackKnowsNothingOfOtherPanics(t *testing.T) {
	var seen guardtest.Seen
	recovered(func() { guardtest.Cross(func() error { return panicWith(errOwn) }, guardtest.PassOn, &seen) })
	if stack := cgoguard.PanicStack("another"); stack != "" {
		t.Errorf("another value has the stack\n%s", stack)
	}
	done := make(chan string)
	go func() { done <- cgoguard.PanicStack(errOwn) }()
	if stack := <-done; stack != "" {
		t.Errorf("on another goroutine the value has the stack\n%s", stack)
	}
}

func TestManyGoroutinesPanicThroughCppWithTheirOwnValues(t *testing.T) {
	live := cgoguard.Stats().LiveErrors
	inParallel(64, func(worker int) {
		for i := 0; i < 100; i++ {
			token := fmt.Sprintf("worker %d, call %d", worker, i)
			var seen guardtest.Seen
			value, _ := recovered(func() {
				guardtest.Cross(func() error { runtime.Gosched(); return panicWith(token) }, guardtest.CatchAndRethrow, &seen)
			})
			if value != any(token) || seen.What != "panic: "+token {
				t.Errorf("recovered %v and C++ saw %q, want %v", value, seen.What, token)
				return
			}
		}
	})
	if n := cgoguard.Stats().LiveErrors; n != live {
		t.Errorf("%d errors are live, there were %d", n, live)
	}
}
