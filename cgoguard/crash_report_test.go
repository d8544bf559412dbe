// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

const crashFileVariable = "CGOGUARD_TEST_CRASH_FILE"

func init() {
	children["crash into a file"] = func() {
		if err := cgoguard.Configure(cgoguard.Options{CrashFile: os.Getenv(crashFileVariable)}); err != nil {
			failChild("Configure: %v", err)
		}
		guardtest.UnguardedCrash() // and no guard before it: Configure is enough
	}
	children["crash without a report"] = func() {
		if err := cgoguard.Configure(cgoguard.Options{NoCrashReport: true}); err != nil {
			failChild("Configure: %v", err)
		}
		guardtest.Success(1)
		guardtest.UnguardedCrash()
	}
}

// inOrder returns the first part that is not where it should be, or "".
func inOrder(text string, parts ...string) string {
	for _, part := range parts {
		at := strings.Index(text, part)
		if at < 0 {
			return part
		}
		text = text[at:]
	}
	return ""
}

func TestAnUnguardedCrashTellsTheCppStackThenGosGoroutines(t *testing.T) {
	output := runDoomedChild(t, "unguarded crash")
	if part := inOrder(output, "cgo_guard: SIGSEGV: null pointer write at 0x40", "Registers:", "C++ stack:", "guardtest_unguarded_crash",
		"goroutine ", "guardtest.UnguardedCrash"); part != "" {
		t.Errorf("%q is not where it should be in\n%s", part, output)
	}
}

func TestTheReportOfACrashMayGoToAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "crash.txt")
	os.Setenv(crashFileVariable, file)
	defer os.Unsetenv(crashFileVariable)
	output := runDoomedChild(t, "crash into a file")
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "guardtest_unguarded_crash") {
		t.Errorf("%v, and the file has\n%s", err, text)
	}
	if strings.Contains(output, "cgo_guard:") || !strings.Contains(output, "goroutine ") {
		t.Errorf("want Go's dump alone on stderr, got\n%s", output)
	}
}

func TestTheReportOfACrashMayBeLeftOut(t *testing.T) {
	if output := runDoomedChild(t, "crash without a report"); strings.Contains(output, "cgo_guard:") {
		t.Errorf("got\n%s", output)
	}
}

func TestAnImpossibleCrashFileIsRefused(t *testing.T) {
	for _, file := range []string{"with\x00nul", strings.Repeat("x", 600)} {
		if err := cgoguard.Configure(cgoguard.Options{CrashFile: file}); err == nil {
			t.Errorf("Configure took %.20q", file)
		}
	}
}
