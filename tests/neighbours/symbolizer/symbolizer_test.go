// SPDX-License-Identifier: BSL-1.0

// Package symbolizer_test is a program that imports cgosymbolizer, whose init takes runtime.SetCgoTraceback for itself.
package symbolizer_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/neighbours/failing"
	"github.com/cgo-guard/cgo_guard/cgoguard"
	_ "github.com/ianlancetaylor/cgosymbolizer"
)

const stormVariable = "NEIGHBOURS_STORM"

func TestMain(m *testing.M) {
	storm := os.Getenv(stormVariable)
	if storm == "" {
		os.Exit(m.Run())
	}
	if err := failing.Storm(4*time.Second, storm == "guarded"); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func TestTrap17GuardsBeforeAndAfterCgosymbolizersInit(t *testing.T) {
	if n := failing.SignalBeforeMain(); n != int(syscall.SIGSEGV) {
		t.Errorf("the guard in a static constructor saw signal %d", n)
	}
	for i := 0; i < 100; i++ {
		if err := failing.Fault(); !errors.Is(err, cgoguard.SIGSEGV) {
			t.Fatalf("a fault gave %v", err)
		}
		if !nilPanicRecovers() {
			t.Fatal("a nil pointer panic in Go is not recovered")
		}
	}
}

func TestTrap17EnableTracebackSaysThatSomebodyWasFirst(t *testing.T) {
	if err := cgoguard.EnableTraceback(); err == nil || !strings.Contains(err.Error(), "SetCgoTraceback") {
		t.Errorf("EnableTraceback gave %v", err)
	}
}

func TestTrap17StacksAreRightBesideCgosymbolizer(t *testing.T) {
	for _, test := range []struct {
		err   error
		trail []string
	}{
		{failing.Fault(), []string{"write_to_nobody", "failing.cpp:", "neighbours_fault", "failing.Fault", "symbolizer_test"}},
		{failing.Throw(), []string{"throw_out_of_range", "failing.cpp:", "neighbours_throw", "failing.Throw", "symbolizer_test"}},
	} {
		var e *cgoguard.Error
		if !errors.As(test.err, &e) {
			t.Fatalf("got %v", test.err)
		}
		rest := e.Stack()
		for _, part := range test.trail {
			at := strings.Index(rest, part)
			if at < 0 {
				t.Errorf("%s is missing, or out of order, in\n%s", part, e.Stack())
				break
			}
			rest = rest[at+len(part):]
		}
	}
}

// cgosymbolizer walks the C stack in a signal handler, at every preemption and every sample of the profiler. Where the
// unwinder takes a lock (before GCC 12 or glibc 2.35) that deadlocks with a throw: its issue 15, which has no solution.
func TestTrap18ThrowingBesideCgosymbolizerHangsNoMoreThanWithoutUs(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	err := runStorm(t, "guarded")
	if err == nil {
		return
	}
	if errors.Is(err, context.DeadlineExceeded) && errors.Is(runStorm(t, "unguarded"), context.DeadlineExceeded) {
		t.Skip("cgosymbolizer hangs without our guard too: its issue 15")
	}
	t.Error(err)
}

func runStorm(t *testing.T, which string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, os.Args[0])
	command.Env = append(os.Environ(), stormVariable+"="+which)
	output, err := command.CombinedOutput()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, output)
	}
	return err
}

func nilPanicRecovers() (recovered bool) {
	defer func() { _, recovered = recover().(runtime.Error) }()
	var nothing *int
	sink = *nothing
	return false
}

var sink int
