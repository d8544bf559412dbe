// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

func init() {
	children["double free"] = func() { doubleFree(true) }
	children["double free, continue"] = func() {
		if err := cgoguard.Configure(cgoguard.Options{OnHeapCorruption: cgoguard.HeapContinue}); err != nil {
			failChild("Configure: %v", err)
		}
		doubleFree(false)
	}
}

func doubleFree(quarantine bool) {
	runtime.LockOSThread()
	err := guardtest.DoubleFree.Call(1)
	var e *cgoguard.Error
	if !errors.As(err, &e) || !errors.Is(err, cgoguard.SIGABRT) || !strings.Contains(e.Message, "double free") {
		failChild("a double free gave %v", err)
	}
	if e.Cleanup != cgoguard.CleanupNone {
		failChild("cleanup after a double free is %v", e.Cleanup)
	}
	for i := 0; i < 100; i++ {
		guardtest.UseHeap(40 << (i % 10)) // hangs if this thread still holds a lock of the heap
	}
	// Names take memory, and this heap is not to be touched. What addr2line needs must be there all the same.
	if stack := e.CStack(); !strings.Contains(stack, filepath.Base(os.Args[0])+"+0x") {
		failChild("the stack of a double free is\n%s", stack)
	}
	if cgoguard.Stats().PoisonedBy == "" {
		failChild("the statistics do not say what poisoned the heap")
	}

	out, err := guardtest.Success(5)
	switch {
	case quarantine && (!errors.Is(err, cgoguard.ErrQuarantined) || out != 0):
		failChild("a guard in quarantine gave %d, %v", out, err)
	case !quarantine && (err != nil || out != 5):
		failChild("a guard that was told to continue gave %d, %v", out, err)
	}
	if !nilPanicRecovers() {
		failChild("a nil pointer panic in Go is no longer recovered")
	}
}

func TestTrap36ADoubleFreeIsAnErrorAndTheHeapDoesNotHang(t *testing.T) {
	if asanEnabled {
		t.Skip("AddressSanitizer ends the process at a double free")
	}
	runChild(t, "double free")
}

func TestTrap36GuardsGoOnAfterADoubleFreeIfConfigured(t *testing.T) {
	if asanEnabled {
		t.Skip("AddressSanitizer ends the process at a double free")
	}
	runChild(t, "double free, continue")
}

func init() {
	children["double free, crash"] = func() {
		if err := cgoguard.Configure(cgoguard.Options{OnHeapCorruption: cgoguard.HeapCrash}); err != nil {
			failChild("Configure: %v", err)
		}
		err := guardtest.DoubleFree.Call(1)
		failChild("the process survived with %v", err)
	}
}

func TestTrap36ADoubleFreeCrashesIfConfigured(t *testing.T) {
	output := runDoomedChild(t, "double free, crash")
	for _, part := range []string{"SIGABRT", "goroutine "} {
		if !strings.Contains(output, part) {
			t.Errorf("the crash report lacks %q:\n%s", part, output)
		}
	}
}
