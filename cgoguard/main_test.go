// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

// childVariable names the function of children that this process is to run instead of the tests. What can kill or spoil
// a process is tried in a child.
const childVariable = "CGOGUARD_TEST_CHILD"

// children are filled in by the files of the tests that start them. A child that returns has succeeded.
var children = map[string]func(){}

func TestMain(m *testing.M) {
	name := os.Getenv(childVariable)
	if name == "" {
		os.Exit(m.Run())
	}
	child, ok := children[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "no child is named %q\n", name)
		os.Exit(99)
	}
	child()
	fmt.Println(childDone)
	os.Exit(0)
}

const childDone = "child done"

// childDeadline is no measure of speed: what it catches hangs for good.
var childDeadline = 60*time.Second + stormTime()

// runChild runs a child and returns what it printed, on both streams. It fails the test unless the child came to its end.
func runChild(t *testing.T, name string) string {
	t.Helper()
	output, err := startChild(t, name)
	if err != nil || !strings.Contains(output, childDone) {
		t.Fatalf("child %q: %v. It printed:\n%s", name, err, output)
	}
	return output
}

// runDoomedChild is runChild for a child that must die with exit status 2, as Go ends a crash.
func runDoomedChild(t *testing.T, name string) string {
	t.Helper()
	if asanEnabled {
		t.Skip("AddressSanitizer's handler was there before Go's and ends the process with a report of its own")
	}
	output, err := startChild(t, name)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 {
		t.Fatalf("child %q: %v, want exit status 2. It printed:\n%s", name, err, output)
	}
	return output
}

// leavesCFrames is called by tests in which a Go panic, or Goexit, goes through C. Go drops those frames without telling
// AddressSanitizer (golang/go#16150), which later reports whatever comes to lie in their place.
func leavesCFrames(t *testing.T) {
	t.Helper()
	if asanEnabled {
		t.Skip("Go does not tell AddressSanitizer of the C frames that a panic leaves")
	}
}

func startChild(t *testing.T, name string) (output string, err error) {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), childDeadline)
	defer cancel()
	words := append(emulator(), executable)
	command := exec.CommandContext(ctx, words[0], words[1:]...)
	command.Env = append(os.Environ(), childVariable+"="+name)
	both, err := command.CombinedOutput()
	if ctx.Err() != nil {
		err = fmt.Errorf("still running after %v", childDeadline)
	}
	return string(both), err
}

// emulator is what starts a program of this processor where the machine has another: the kernel there can't. It is what
// `go test -exec` was given.
func emulator() []string { return strings.Fields(os.Getenv("CGO_GUARD_TEST_EMULATOR")) }

// skipEmulated skips what an emulator can't show.
func skipEmulated(t *testing.T, why string) {
	t.Helper()
	if len(emulator()) > 0 {
		t.Skip("under an emulator: " + why)
	}
}

// failChild ends a child that found a mistake.
func failChild(format string, arguments ...any) {
	fmt.Printf(format+"\n", arguments...)
	os.Exit(1)
}

// failure returns the *Error in err, and fails the test when there is none.
func failure(t *testing.T, err error) *cgoguard.Error {
	t.Helper()
	var e *cgoguard.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %#v, want a *cgoguard.Error", err)
	}
	return e
}

// nilPanicRecovers dereferences nil in Go and reports whether that became an ordinary panic.
func nilPanicRecovers() (recovered bool) {
	defer func() {
		err, ok := recover().(runtime.Error)
		recovered = ok && strings.Contains(err.Error(), "nil pointer dereference")
	}()
	var nothing *int
	sink = *nothing
	return false
}

var sink int
