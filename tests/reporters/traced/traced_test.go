// SPDX-License-Identifier: BSL-1.0

// Package traced_test is a program that has called EnableTraceback: addresses of C++ have names for Go.
package traced_test

import (
	"os"
	"testing"

	"example.com/reporters/inventory"
	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/getsentry/sentry-go"
)

func TestMain(m *testing.M) {
	if err := cgoguard.EnableTraceback(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// Sentry shows no name that has no dot.
func TestTrap60SentryNamesTheCppFramesBetweenGoFrames(t *testing.T) {
	var inside error
	inventory.Deliver(func() { inside = inventory.Fault() })
	stack := sentry.ExtractStacktrace(inside)
	if stack == nil {
		t.Fatal("no stack")
	}
	where := map[string]int{}
	for i, frame := range stack.Frames {
		if frame.Function == "" && frame.Filename != "_cgo_gotypes.go" { // cgo's own has no dot either
			t.Errorf("a frame without a name: %+v", frame)
		}
		where[frame.Function] = i + 1
	}
	cpp := where["inventory::hand_over(unsigned long)"]
	if goes := where["Deliver"]; goes == 0 || cpp <= goes || where["Fault"] <= cpp {
		t.Errorf("want Deliver, hand_over, Fault in the order of %+v", stack.Frames)
	} else if frame := stack.Frames[cpp-1]; frame.Module != "C" || frame.Lineno == 0 {
		t.Errorf("got %+v", frame)
	}
}
