// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

func init() {
	children["exits caught"] = func() { catchExits(); checkCaughtExits() }
	children["exit not opted in"] = func() {
		guardtest.PrintAtExit()
		_, err := guardtest.ExitUnderGuard(guardtest.PlainExit, 3)
		failChild("exit came back: %v", err)
	}
	children["quick_exit not opted in"] = func() {
		_, err := guardtest.ExitUnderGuard(guardtest.QuickExit, 4)
		failChild("quick_exit came back: %v", err)
	}
	children["unguarded exit in a callback"] = func() {
		catchExits()
		_, err := guardtest.CallGo(func() { guardtest.UnguardedExit(5) }, false)
		failChild("the outer guard jumped over Go frames and gave %v", err)
	}
	children["exit outside a guard"] = func() {
		catchExits()
		guardtest.ExitUnderGuard(guardtest.PlainExit, 1)
		guardtest.UnguardedExit(6)
	}
	children["exits in forks"] = func() {
		catchExits()
		for _, how := range []guardtest.Exit{guardtest.PlainExit, guardtest.QuickExit, guardtest.LowerExit} {
			if status, err := guardtest.ExitInFork(how); status != 7 || err != nil {
				failChild("way %d: the child ended with %d, and the parent with %v", how, status, err)
			}
		}
	}
}

func catchExits() {
	if err := cgoguard.Configure(cgoguard.Options{CatchExit: true}); err != nil {
		failChild("Configure: %v", err)
	}
}

// checkCaughtExits runs in a child, because the option is the process's.
func checkCaughtExits() {
	messages := map[guardtest.Exit]string{
		guardtest.PlainExit: "exit(%d) was called",
		guardtest.QuickExit: "quick_exit(%d) was called",
		guardtest.UpperExit: "_Exit(%d) was called",
		guardtest.LowerExit: "_exit(%d) was called",
		guardtest.Errx:      "line 12 is bad",
	}
	guardtest.PrintAtExit() // and must not: a caught exit has not begun, and Go ends without C's handlers
	before := cgoguard.Stats()
	const times = 200
	for i := 0; i < times; i++ {
		for how, message := range messages {
			if strings.Contains(message, "%d") {
				message = fmt.Sprintf(message, i)
			}
			destroyed, err := guardtest.ExitUnderGuard(how, i)
			var e *cgoguard.Error
			if !errors.As(err, &e) || !errors.Is(err, cgoguard.ErrExit) || errors.Is(err, cgoguard.ErrException) {
				failChild("way %d: got %v", how, err)
			}
			if e.Code != cgoguard.CodeExit || e.Number != i || e.Name != "exit" || e.Message != message {
				failChild("way %d: got %+v", how, e)
			}
			if e.Cleanup != cgoguard.CleanupComplete || destroyed != 2 {
				failChild("way %d: cleanup %v, and %d of 2 destructors ran", how, e.Cleanup, destroyed)
			}
			if i == 0 && !strings.Contains(e.CStack(), "use_library") {
				failChild("way %d: no caller of exit in\n%s", how, e.CStack())
			}
		}
	}
	after := cgoguard.Stats()
	if n := after.Exits - before.Exits; n != times*uint64(len(messages)) || after.LiveErrors != before.LiveErrors {
		failChild("%d exits were counted, %d errors are live and %d were", n, after.LiveErrors, before.LiveErrors)
	}
	if !nilPanicRecovers() {
		failChild("a nil pointer panic in Go is not recovered any more")
	}
}

func TestAnExitUnderAGuardIsAnErrorWithItsStatusWhereOptedIn(t *testing.T) {
	output := runChild(t, "exits caught")
	// With the race detector Go itself ends by C's exit.
	if at := strings.Index(output, "atexit"); at >= 0 && at < strings.Index(output, childDone) || at >= 0 && !raceEnabled {
		t.Errorf("C's exit has begun:\n%s", output)
	}
}

// exitStatus runs a child and returns its exit status and all it printed.
func exitStatus(t *testing.T, name string) (int, string) {
	t.Helper()
	output, err := startChild(t, name)
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("child %q: %v. It printed:\n%s", name, err, output)
	}
	return exit.ExitCode(), output
}

func TestTrap48AnExitUnderAGuardEndsTheProcessUnlessOptedIn(t *testing.T) {
	if status, output := exitStatus(t, "exit not opted in"); status != 3 || output != "the atexit handler ran\n" {
		t.Errorf("exit(3) ended with %d, and printed %q", status, output)
	}
	if status, output := exitStatus(t, "quick_exit not opted in"); status != 4 || output != "" {
		t.Errorf("quick_exit(4) ended with %d, and printed %q", status, output)
	}
}

func TestAnExitUnderACallbackIsNotTheOuterGuards(t *testing.T) {
	if status, output := exitStatus(t, "unguarded exit in a callback"); status != 5 {
		t.Errorf("exit(5) ended with %d, and printed %q", status, output)
	}
}

func TestAnExitOutsideAGuardIsAnExit(t *testing.T) {
	if status, output := exitStatus(t, "exit outside a guard"); status != 6 {
		t.Errorf("exit(6) ended with %d, and printed %q", status, output)
	}
}

func TestTrap47AForkedChildThatExitsUnderItsParentsGuardExits(t *testing.T) {
	runChild(t, "exits in forks")
}
