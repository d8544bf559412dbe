// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

const coreDirVariable = "CGOGUARD_TEST_CORE_DIR"

func init() {
	children["cores of two faults"] = func() {
		takeCores(0)
		for _, name := range []string{"write through null", "assert"} {
			e := coreFault(name)
			for e.CoreFile == "" { // the writer of the last one is not quite gone
				e = coreFault(name)
			}
			awaitCore(e)
			if text := fmt.Sprintf("%+v", e); !strings.Contains(text, "\n  core     "+e.CoreFile+"\n") {
				failChild("the core is not in\n%s", text)
			}
			text, err := json.Marshal(e)
			if err != nil || !strings.Contains(string(text), `"core_file":"`+e.CoreFile+`"`) {
				failChild("%v: the core is not in\n%s", err, text)
			}
		}
		guardtest.Success(1)
	}
	children["core behind callbacks"] = func() {
		takeCores(0)
		guardtest.Deliver(func() {
			guardtest.Deliver(func() { awaitCore(coreFault("write through null")) })
		})
	}
	children["cores of many goroutines"] = func() {
		const most = 3
		takeCores(most)
		var wait sync.WaitGroup
		var mutex sync.Mutex
		files := map[string]bool{}
		for i := 0; i < 8; i++ {
			wait.Add(1)
			go func() {
				defer wait.Done()
				for cgoguard.Stats().Cores < most { // one by one: while a core is written there is no other
					if e := coreFault("write through null"); e.CoreFile != "" {
						mutex.Lock()
						files[e.CoreFile] = true
						mutex.Unlock()
					}
				}
				for j := 0; j < 20; j++ {
					coreFault("write through null")
				}
			}()
		}
		wait.Wait()
		for file := range files {
			awaitCore(&cgoguard.Error{CoreFile: file})
		}
		stats := cgoguard.Stats()
		if len(files) != most || stats.Cores != most || stats.CoresFailed != 0 || stats.CoresRefused < 8*20 {
			failChild("%d files, and %+v", len(files), stats)
		}
	}
	children["core without its directory"] = func() {
		takeCores(0)
		os.Remove(os.Getenv(coreDirVariable))
		e := coreFault("write through null")
		stats := cgoguard.Stats()
		if e.CoreFile != "" || stats.CoresFailed != 1 || !strings.Contains(stats.CoreFailure, "No such file or directory") {
			failChild("%q, %+v", e.CoreFile, stats)
		}
	}
}

func takeCores(most int) {
	err := cgoguard.Configure(cgoguard.Options{CoreOnFault: cgoguard.CoreOptions{Dir: os.Getenv(coreDirVariable), Max: most, Every: 1}})
	if err != nil {
		failChild("Configure: %v", err)
	}
}

// coreFault makes the guarded call of a case of guardtest.Faults.
func coreFault(name string) *cgoguard.Error {
	for _, c := range append(append([]guardtest.Case(nil), guardtest.Faults...), guardtest.Aborts...) {
		if c.Name != name {
			continue
		}
		var e *cgoguard.Error
		if !errors.As(c.Call(0), &e) {
			failChild("%s: no error", name)
		}
		return e
	}
	failChild("no case is named %q", name)
	return nil
}

func awaitCore(e *cgoguard.Error) {
	for {
		if _, err := os.Stat(e.CoreFile); err == nil {
			return
		}
		if stats := cgoguard.Stats(); stats.CoresFailed != 0 {
			failChild("no core %s: %s", e.CoreFile, stats.CoreFailure)
		}
		time.Sleep(time.Millisecond)
	}
}

// coreDir makes a directory for the cores of a child.
func coreDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	os.Setenv(coreDirVariable, dir)
	t.Cleanup(func() { os.Unsetenv(coreDirVariable) })
	return dir
}

// gdb opens a core of this program.
func gdb(t *testing.T, core string, commands ...string) string {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	debugger, arguments := "gdb", []string{"-nx", "-batch", "-iex", "set auto-load off", "-iex", "set debuginfod enabled off"}
	if len(emulator()) > 0 {
		debugger, arguments = "gdb-multiarch", append(arguments, "-iex", "set sysroot "+os.Getenv("QEMU_LD_PREFIX"))
	}
	for _, command := range commands {
		arguments = append(arguments, "-ex", command)
	}
	output, err := exec.Command(debugger, append(arguments, executable, core)...).CombinedOutput()
	if err != nil {
		t.Fatalf("gdb: %v\n%s", err, output)
	}
	return string(output)
}

func TestACoreOfARecoveredFaultShowsTheFaultAndItsGoroutine(t *testing.T) {
	dir := coreDir(t)
	runChild(t, "cores of two faults")
	for number, function := range []string{"guardtest_null_write", "guardtest::check_item"} {
		cores, err := filepath.Glob(filepath.Join(dir, fmt.Sprintf("core.*.%d", number+1)))
		if err != nil || len(cores) != 1 {
			t.Fatalf("%v: core %d is %v", err, number+1, cores)
		}
		text := gdb(t, cores[0], "bt", "source ../gdb/cgo_guard-gdb.py", "cgo-guard threads", "cgo-guard bt")
		part := inOrder(text, "#0 ", function, "1 of ", "threads inside cgo", "C++:\n", function, "goroutine ", "cgoguard_test.coreFault")
		if part != "" {
			t.Errorf("%q is not where it should be in\n%s", part, text)
		}
		if !regexp.MustCompile(`(?m)^` + function + `.*\n\t\S+/guardtest/\w+\.cpp:\d+$`).MatchString(text) {
			t.Errorf("%s has no line in\n%s", function, text)
		}
	}
}

func TestACoreBehindCallbacksShowsThePartsOfTheStackInTurn(t *testing.T) {
	dir := coreDir(t)
	runChild(t, "core behind callbacks")
	cores, err := filepath.Glob(filepath.Join(dir, "core.*"))
	if err != nil || len(cores) != 1 {
		t.Fatalf("%v: the cores are %v", err, cores)
	}
	text := gdb(t, cores[0], "source ../gdb/cgo_guard-gdb.py", "cgo-guard bt")
	half := []string{"\nC++:\n", "courier::hand_over", "courier::walk_up", "\ngoroutine ", "guardtest.Deliver"}
	parts := append(append([]string{"C++:\n", "guardtest_null_write", "\ngoroutine ", "cgoguard_test.coreFault"}, half...), half...)
	if part := inOrder(text, parts...); part != "" {
		t.Errorf("%q is not where it should be in\n%s", part, text)
	}
}

func TestManyGoroutinesFaultAtOnceAndThereAreAsManyCoresAsAskedFor(t *testing.T) {
	dir := coreDir(t)
	runChild(t, "cores of many goroutines")
	if files, err := os.ReadDir(dir); err != nil || len(files) != 3 {
		t.Errorf("%v: %v", err, files)
	}
}

func TestACoreThatCannotBeWrittenIsNotNamedButCounted(t *testing.T) {
	coreDir(t)
	runChild(t, "core without its directory")
}

func TestTheTextOfAnErrorSaysWhatHasBecomeOfItsCore(t *testing.T) {
	e := &cgoguard.Error{Code: cgoguard.CodeSignal, CoreFile: filepath.Join(t.TempDir(), "core.1")}
	check := func(want string) {
		t.Helper()
		if text := fmt.Sprintf("%+v", e); !strings.Contains(text, "\n  core     "+e.CoreFile+want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
	check(" (not there")
	os.WriteFile(e.CoreFile+".unfinished", nil, 0o600)
	check(" (being written)\n")
	os.Rename(e.CoreFile+".unfinished", e.CoreFile)
	check("\n")
}

func TestImpossibleOptionsOfCoresAreRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	os.WriteFile(file, nil, 0o600)
	for want, options := range map[string]cgoguard.CoreOptions{
		"no Dir":                {Max: 3},
		"has limits":            {Every: time.Second},
		"NUL byte":              {Dir: "a\x00b"},
		"does not exist":        {Dir: "/nonexistent"},
		"no directory":          {Dir: file},
		"511 bytes":             {Dir: "/" + strings.Repeat("x", 600)},
		"CoreOnFault.Max is":    {Dir: "/tmp", Max: -1},
		"CoreOnFault.Every is":  {Dir: "/tmp", Every: -1},
		"MaxBytes is -1":        {Dir: "/tmp", MaxBytes: -1},
		"Max is 4294967296":     {Dir: "/tmp", Max: 1 << 32},
		"it must be at most 59": {Dir: "/tmp", Every: math.MaxInt64},
	} {
		err := cgoguard.Configure(cgoguard.Options{CoreOnFault: options})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+.40v: want %q, got %v", options, want, err)
		}
	}
	if err := cgoguard.Configure(cgoguard.Options{}); err != nil {
		t.Error(err)
	}
}
