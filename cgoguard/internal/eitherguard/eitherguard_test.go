// SPDX-License-Identifier: BSL-1.0

package eitherguard_test

import (
	"errors"
	"fmt"
	"os"
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

func TestAReportHasAStackOfCXXOrSaysWhyThereIsNone(t *testing.T) {
	for _, err := range []error{eitherguard.Throw(), eitherguard.ThrowAgain()} {
		report := fmt.Sprintf("%+v", err)
		stack, reason := strings.Contains(report, "\nC++ stack:\n"), strings.Contains(report, "\nno C++ stack: it ")
		if stack == reason || (cgoguard.GuardsSignals() && !stack) {
			t.Errorf("a stack: %t, a reason for its absence: %t, in\n%s", stack, reason, report)
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
