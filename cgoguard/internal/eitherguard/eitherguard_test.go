// SPDX-License-Identifier: BSL-1.0

package eitherguard_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/eitherguard"
)

// The step of the suite that compiles for no signals sets it, so that it can't test something else unnoticed.
var portable = os.Getenv("CGOGUARD_TEST_PORTABLE") != ""

func TestItIsSaidWhetherSignalsAreGuarded(t *testing.T) {
	said := cgoguard.GuardsSignals()
	if said && portable || !said && !portable && runtime.GOOS == "linux" && runtime.GOARCH == "amd64" {
		t.Errorf("GuardsSignals() is %t", said)
	}
	if eitherguard.InCXX() != said || cgoguard.Stats().GuardsSignals != said {
		t.Errorf("%t in C++, %t in Stats()", eitherguard.InCXX(), cgoguard.Stats().GuardsSignals)
	}
	// C is not told of a flag for C++ files.
	if !portable && eitherguard.InC() != said {
		t.Errorf("%t in C", eitherguard.InC())
	}
}

func TestAnExceptionIsAnErrorWithEitherGuard(t *testing.T) {
	err := eitherguard.Throw()
	var e *cgoguard.Error
	if !errors.As(err, &e) {
		t.Fatalf("not an *Error: %v", err)
	}
	if !errors.Is(err, cgoguard.ErrException) || e.Message != "row 7" || e.Name != "std::out_of_range" ||
		e.Cleanup != cgoguard.CleanupComplete || e.GoStack() == "" {
		t.Errorf("%+v", err)
	}
}

func TestAReportHasTheStackOfTheThrowWithEitherGuard(t *testing.T) {
	for _, err := range []error{eitherguard.Throw(), eitherguard.ThrowAgain()} {
		var e *cgoguard.Error
		if !errors.As(err, &e) {
			t.Fatalf("not an *Error: %v", err)
		}
		report := fmt.Sprintf("%+v", err)
		if len(e.Frames()) < 2 || !strings.Contains(report, "\nC++ stack:\n") || strings.Contains(report, "no C++ stack") {
			t.Errorf("%d frames, in\n%s", len(e.Frames()), report)
		}
	}
}

func TestAReportWithoutAStackSaysWhy(t *testing.T) {
	report := fmt.Sprintf("%+v", eitherguard.ThrowUnthrown())
	if without := strings.Contains(report, "\n\nno C++ stack: it was not recorded: "); without == cgoguard.GuardsSignals() ||
		strings.Contains(report, "\nC++ stack:\n") == without {
		t.Error(report)
	}
}

func TestABrokenNoexceptIsAnErrorOrEndsWithAReport(t *testing.T) {
	if os.Getenv("EITHERGUARD_BREAK_NOEXCEPT") != "" {
		fmt.Printf("came back: %v\n", eitherguard.BreakNoexcept())
		return
	}
	// Under an emulator the kernel would not know how to start it.
	command := append(strings.Fields(os.Getenv("CGO_GUARD_TEST_EMULATOR")), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child := exec.Command(command[0], command[1:]...)
	child.Env = append(os.Environ(), "EITHERGUARD_BREAK_NOEXCEPT=1")
	output, err := child.CombinedOutput()
	said := string(output)
	if cgoguard.GuardsSignals() {
		if err != nil || !strings.Contains(said, "came back: std::terminate on std::out_of_range: row 7") {
			t.Errorf("%v:\n%s", err, said)
		}
		return
	}
	for _, part := range []string{
		"cgo_guard: std::terminate, under a guard.", "std::terminate std::out_of_range: row 7\n",
		"guard:   eitherguard_break_noexcept at ", "exports.cpp:",
	} {
		if err == nil || !strings.Contains(said, part) {
			t.Errorf("%v, %q is missing in\n%s", err, part, said)
		}
	}
}

func TestWhatOnlySignalsCanGiveIsRefusedWithoutThem(t *testing.T) {
	defer func() {
		if err := cgoguard.Configure(cgoguard.Options{}); err != nil {
			t.Error(err)
		}
	}()
	file := filepath.Join(t.TempDir(), "crashes")
	for name, options := range map[string]cgoguard.Options{
		"CoreOnFault": {CoreOnFault: cgoguard.CoreOptions{Dir: t.TempDir()}}, "CrashFile": {CrashFile: file}, "CatchExit": {CatchExit: true},
	} {
		err := cgoguard.Configure(options)
		if cgoguard.GuardsSignals() {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), "guarded here") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, options := range []cgoguard.Options{{}, {NoCrashReport: true}, {OnHeapCorruption: cgoguard.HeapCrash}, {Neighbours: cgoguard.NeighboursFirst}} {
		if err := cgoguard.Configure(options); err != nil {
			t.Errorf("%+v: %v", options, err)
		}
	}
}

func TestTracebacksAreRefusedWithoutSignals(t *testing.T) {
	if err := cgoguard.EnableTraceback(); (err == nil) != cgoguard.GuardsSignals() {
		t.Errorf("EnableTraceback returned %v", err)
	}
}
