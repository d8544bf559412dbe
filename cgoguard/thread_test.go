// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

// Threads that C++ starts.

func init() {
	children["bare thread faults"] = func() {
		guardtest.Success(1)
		guardtest.BareThread(guardtest.ThreadFaults)
	}
	children["bare thread throws"] = func() {
		guardtest.Success(1)
		guardtest.BareThread(guardtest.ThreadThrows)
	}
	children["thread error without a handler"] = func() {
		cgoguard.OnThreadError(func(error) { failChild("a handler that was taken back was called") })
		cgoguard.OnThreadError(nil)
		if err := guardtest.DetachThreads(1, 0); err != nil {
			failChild("starting the thread gave %v", err)
		}
		for deadline := time.Now().Add(10 * time.Second); cgoguard.Stats().ThreadErrors == 0; {
			if time.Now().After(deadline) {
				failChild("the failure was not counted")
			}
			time.Sleep(time.Millisecond)
		}
		time.Sleep(500 * time.Millisecond) // it is counted, and then printed
	}
	children["panic on a detached thread"] = func() {
		failures := threadErrors()
		if err := guardtest.ThreadCallsGo(func() error { panic("from a detached thread") }, true); err != nil {
			failChild("starting the thread gave %v", err)
		}
		var p *cgoguard.Panic
		if err := <-failures; !errors.As(err, &p) || p.Value != "from a detached thread" {
			failChild("the handler was given %v", err)
		}
	}
}

// threadErrors makes the handler send what it is given.
func threadErrors() <-chan error {
	failures := make(chan error, 1000)
	cgoguard.OnThreadError(func(err error) { failures <- err })
	return failures
}

func TestTheFailureOfAThreadReachesJoinAndGo(t *testing.T) {
	if err := guardtest.JoinThread(guardtest.ThreadReturns, 0); err != nil {
		t.Errorf("a thread that returned gave %v", err)
	}
	inParallel(8, func(i int) {
		for n := 0; n < 10; n++ {
			token := uint64(16 * (1 + i*10 + n))
			err := guardtest.JoinThread(guardtest.ThreadFaults, token)
			e := failure(t, err)
			if !errors.Is(err, cgoguard.SIGSEGV) || e.Function != "guardtest_join_thread" || e.Cause == nil {
				t.Errorf("a thread that faulted gave %v, caused by %v", err, e.Cause)
				continue
			}
			if e.Cause.Address != uintptr(token) || e.Cause.Function != "cgo_guard::thread" ||
				e.Cause.ThreadID == e.ThreadID || e.Cause.CStack() == "" {
				t.Errorf("token %#x: the cause is %+v", token, e.Cause)
			}
			err = guardtest.JoinThread(guardtest.ThreadThrows, token)
			want := fmt.Sprintf("token %d", token)
			if e = failure(t, err); !errors.Is(err, cgoguard.ErrException) || e.Message != "std::runtime_error: "+want || e.Cause.Name != "std::runtime_error" {
				t.Errorf("a thread that threw %s gave %v, caused by %v", want, err, e.Cause)
			}
		}
	})
}

func TestTrap28AStackOverflowOnAThreadReachesGo(t *testing.T) {
	inParallel(4, func(int) {
		for n := 0; n < 5; n++ {
			err := guardtest.JoinThread(guardtest.ThreadOverflows, 0)
			if !errors.Is(err, cgoguard.SIGSEGV) || !strings.Contains(failure(t, err).Message, "stack overflow") {
				t.Errorf("a thread that overflowed its stack gave %v", err)
			}
		}
	})
}

func TestOnThreadErrorIsGivenEveryFailureOnce(t *testing.T) {
	defer cgoguard.OnThreadError(nil)
	failures := threadErrors()
	before := cgoguard.Stats()
	const threads, each = 20, 5
	if err := guardtest.DetachThreads(threads, each-1); err != nil {
		t.Fatal(err)
	}
	seen := map[uint64]bool{}
	for len(seen) < threads*each {
		var err error
		select {
		case err = <-failures:
		case <-time.After(30 * time.Second):
			t.Fatalf("%d of %d failures came", len(seen), threads*each)
		}
		e := failure(t, err)
		token := uint64(e.Address)
		if e.Code == cgoguard.CodeException {
			fmt.Sscanf(e.Message, "token %d", &token)
		}
		if throws := token&16 != 0; throws != errors.Is(err, cgoguard.ErrException) || throws == errors.Is(err, cgoguard.SIGSEGV) {
			t.Errorf("token %d came with %v", token, err)
		}
		if seen[token] || token == 0 || token > 16*threads*each || token%16 != 0 {
			t.Errorf("token %d is wrong or came twice: %v", token, err)
		}
		seen[token] = true
		if e.GoStack() != "" || e.CStack() == "" || e.Stack() != e.CStack() {
			t.Errorf("want a C++ stack and no Go stack, got\n%s", e.Stack())
		}
	}
	after := cgoguard.Stats()
	if n := after.ThreadErrors - before.ThreadErrors; n != threads*each {
		t.Errorf("%d failures were counted, want %d", n, threads*each)
	}
	if after.LiveErrors != before.LiveErrors {
		t.Errorf("%d errors are live, there were %d", after.LiveErrors, before.LiveErrors)
	}
}

func TestOnThreadErrorNilPrintsTheReport(t *testing.T) {
	output := runChild(t, "thread error without a handler")
	for _, want := range []string{"nobody joins it", "OnThreadError", "std::runtime_error: token 16", "cgo_guard::thread at ", "threads.cpp:", "C++ stack:"} {
		if !strings.Contains(output, want) {
			t.Errorf("no %q in\n%s", want, output)
		}
	}
}

func TestAGoErrorOfAThreadIsTheSameErrorAfterJoin(t *testing.T) {
	own := fmt.Errorf("of a callback: %w", io.ErrUnexpectedEOF)
	err := guardtest.ThreadCallsGo(func() error { return own }, false)
	if !errors.Is(err, own) || !errors.Is(err, io.ErrUnexpectedEOF) || !errors.Is(err, cgoguard.ErrGo) {
		t.Errorf("got %v, want %v", err, own)
	}
	func() {
		defer func() {
			if value := recover(); value != "on a thread" {
				t.Errorf("recovered %v, want the panic of the callback", value)
			}
		}()
		t.Errorf("the panic was lost: %v", guardtest.ThreadCallsGo(func() error { panic("on a thread") }, false))
	}()

	defer cgoguard.OnThreadError(nil)
	failures := threadErrors()
	if err := guardtest.ThreadCallsGo(func() error { return own }, true); err != nil {
		t.Fatal(err)
	}
	if err := <-failures; !errors.Is(err, own) {
		t.Errorf("the handler was given %v, want %v", err, own)
	}
}

func TestAPanicOfADetachedThreadIsAnErrorToTheHandler(t *testing.T) {
	runChild(t, "panic on a detached thread")
}

func TestTrap27AnUnguardedThreadThatFaultsEndsTheProcess(t *testing.T) {
	output, err := startChild(t, "bare thread faults")
	if err == nil || strings.Contains(output, childDone) {
		t.Fatalf("%v, want the death of the process, got\n%s", err, output)
	}
	if text := err.Error(); !strings.Contains(text, "segmentation fault") && text != "exit status 2" && !asanEnabled {
		t.Errorf("the process ended with %q, want SIGSEGV or exit status 2, and\n%s", text, output)
	}
	if !strings.Contains(output, "cgo_guard: SIGSEGV: null pointer write at 0x") || !strings.Contains(output, "under no guard.") {
		t.Errorf("the crash was not reported:\n%s", output)
	}
}

func TestTrap27AnUnguardedThreadThatThrowsEndsTheProcessWithTheText(t *testing.T) {
	output, err := startChild(t, "bare thread throws")
	if err == nil || strings.Contains(output, childDone) || !strings.Contains(output, "token 64") {
		t.Fatalf("%v, want the death of the process with the exception's text, got\n%s", err, output)
	}
	if text := err.Error(); !strings.Contains(text, "abort") && text != "exit status 2" {
		t.Errorf("the process ended with %q, want SIGABRT or exit status 2, and\n%s", text, output)
	}
}

func TestTrap29ACThreadMayFailCallGoFailAgainAndEnd(t *testing.T) {
	threads := 100
	if raceEnabled {
		threads = 20
	}
	var mutex sync.Mutex
	calls := 0
	body := func() error {
		if !nilPanicRecovers() {
			return errors.New("a nil pointer panic is not recovered on a C thread")
		}
		runtime.GC() // stops the world, with a signal to this thread among others
		mutex.Lock()
		defer mutex.Unlock()
		calls++
		return nil
	}
	before, _ := guardtest.PthreadsEnded()
	want := 0
	for _, prepared := range []bool{false, true} {
		for _, detached := range []bool{false, true} {
			if err := guardtest.StartPthreads(threads/4, prepared, detached, body); err != nil {
				t.Fatal(err)
			}
			want += threads / 4
		}
	}
	deadline := time.Now().Add(60 * time.Second)
	for ended, _ := guardtest.PthreadsEnded(); ended < before+want; ended, _ = guardtest.PthreadsEnded() {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d threads have ended", ended-before, want)
		}
		time.Sleep(time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond) // what ends a thread comes behind its last line
	if _, wrong := guardtest.PthreadsEnded(); wrong != 0 || calls != want {
		t.Errorf("%d things went wrong on the threads; %d of %d called Go", wrong, calls, want)
	}
	if !nilPanicRecovers() {
		t.Error("a nil pointer panic is not recovered any more")
	}
}
