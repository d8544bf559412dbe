// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

// In children, all of it: a process registers once.

func enableTraceback() {
	if err := cgoguard.EnableTraceback(); err != nil {
		failChild("EnableTraceback: %v", err)
	}
}

func init() {
	for name := range guardtest.Crashes {
		crash := guardtest.Crashes[name]
		children["traced crash: "+name] = func() {
			enableTraceback()
			crash()
			failChild("the crash was survived")
		}
	}
	children["traced crash in a callback"] = func() {
		enableTraceback()
		guardtest.Deliver(guardtest.UnguardedCrash)
	}
	children["profile of C++"] = func() {
		enableTraceback()
		text := profileOf(func() { guardtest.Compute(time.Second) })
		for _, part := range []string{"C.guardtest::turn_the_mill(unsigned long)", "traceback.cpp", "guardtest.Compute"} {
			if !bytes.Contains(text, []byte(part)) {
				failChild("a profile of %d bytes has no %s", len(text), part)
			}
		}
	}
	children["stacks with traceback"] = stacksWithTraceback
	children["stacks with traceback after panics"] = stacksAfterPanics
	children["throws beside traceback"] = throwsBesideTraceback
	children["registered by another"] = func() {
		guardtest.RegisterOtherTraceback()
		for i := 0; i < 2; i++ {
			err := cgoguard.EnableTraceback()
			if err == nil || !strings.Contains(err.Error(), "runtime.SetCgoTraceback before") {
				failChild("EnableTraceback said %v", err)
			}
		}
		if err := guardtest.Named("read through null").Call(16); !errors.Is(err, cgoguard.SIGSEGV) {
			failChild("a guard gave %v", err)
		}
	}
	children["registered twice"] = func() {
		inParallel(8, func(int) { enableTraceback() })
		enableTraceback()
	}
}

// profileOf runs work under the CPU profiler, and returns the unzipped profile.
func profileOf(work func()) []byte {
	var profile bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err != nil {
		failChild("StartCPUProfile: %v", err)
	}
	work()
	pprof.StopCPUProfile()
	unzipped, err := gzip.NewReader(&profile)
	if err != nil {
		failChild("the profile: %v", err)
	}
	text, err := io.ReadAll(unzipped)
	if err != nil {
		failChild("the profile: %v", err)
	}
	return text
}

// firstMissing returns the first of the parts that text doesn't have behind the ones before it, or "".
func firstMissing(text string, parts ...string) string {
	for _, part := range parts {
		at := strings.Index(text, part)
		if at < 0 {
			return part
		}
		text = text[at+len(part):]
	}
	return ""
}

// goTraceback is what Go printed of a crash, without our own report before it.
func goTraceback(t *testing.T, output string) string {
	t.Helper()
	at := strings.Index(output, "\ngoroutine ")
	if at < 0 {
		t.Fatalf("Go reports no crash in\n%s", output)
	}
	return output[at:]
}

func TestGosCrashReportNamesCppFrames(t *testing.T) {
	for name, parts := range map[string][]string{
		// Named by nothing but debug information or the symbol table, so by the thread that helps in a crash.
		"local function": {"C.guardtest::(anonymous namespace)::fall_where_no_symbol_is()", "traceback.cpp:",
			"C.guardtest_crash_in_local_function", "runtime.cgocall"},
		"call": {"C.guardtest::call_nothing()", "traceback.cpp:", "C.guardtest_crash_by_call", "runtime.cgocall"},
	} {
		output := goTraceback(t, runDoomedChild(t, "traced crash: "+name))
		if missing := firstMissing(output, parts...); missing != "" {
			t.Errorf("%s: %s is missing, or out of order, in\n%s", name, missing, output)
		}
	}
}

// Go's handler blocks all signals. A read of the walk that faults then would end the process without a word.
func TestTrap35ASmashedFrameDoesNotTakeGosCrashReportAway(t *testing.T) {
	output := goTraceback(t, runDoomedChild(t, "traced crash: no frame pointer"))
	if missing := firstMissing(output, "C.guardtest::fall_off_the_frame(", "runtime.cgocall"); missing != "" {
		t.Errorf("%s is missing, or out of order, in\n%s", missing, output)
	}
}

// The thread that finds names waits for the lock that the crashed one holds. Go must not: it is given what can be known
// without a lock. (Before Go 1.22 or so, programs were linked with -rdynamic, and then that is more.)
func TestTrap37ACrashUnderTheLoadersLockIsReported(t *testing.T) {
	output := goTraceback(t, runDoomedChild(t, "traced crash: loader's lock"))
	if missing := firstMissing(output, "C.", "(main program)+0x", "C.dl_iterate_phdr",
		"libc.so.6+0x", "C.", "(main program)+0x", "runtime.cgocall"); missing != "" {
		t.Errorf("%s is missing, or out of order, in\n%s", missing, output)
	}
}

func TestTrap37ACrashInsideTheHeapIsReported(t *testing.T) {
	output := goTraceback(t, runDoomedChild(t, "traced crash: malloc"))
	if missing := firstMissing(output, "C.", "guardtest_crash_in_malloc", "runtime.cgocall"); missing != "" {
		t.Errorf("%s is missing, or out of order, in\n%s", missing, output)
	}
}

func TestBothHalvesOfAStackThroughACallbackAreShown(t *testing.T) {
	crash := goTraceback(t, runDoomedChild(t, "traced crash in a callback"))
	if missing := firstMissing(crash, "C.guardtest_unguarded_crash", "guardtest.UnguardedCrash",
		"C.guardtest::courier::hand_over(unsigned long)", "C.guardtest::courier::walk_up(unsigned long)",
		"C.guardtest_deliver", "guardtest.Deliver"); missing != "" {
		t.Errorf("%s is missing, or out of order, in\n%s", missing, crash)
	}
}

func TestACPUProfileNamesCppFrames(t *testing.T) { runChild(t, "profile of C++") }

func TestTrap17EnableTracebackAfterAnotherIsAnError(t *testing.T) {
	runChild(t, "registered by another")
}

func TestEnableTracebackTwiceIsEnabledOnce(t *testing.T) { runChild(t, "registered twice") }

func TestErrorsHaveTheirStacksWithTracebackEnabled(t *testing.T) {
	runChild(t, "stacks with traceback")
}

func stacksWithTraceback() {
	plain := guardtest.Named("throw std::out_of_range").Call(16).(*cgoguard.Error)
	enableTraceback()
	traced := guardtest.Named("throw std::out_of_range").Call(16).(*cgoguard.Error)
	functions := func(stack string) (names string) {
		for _, line := range strings.Split(stack, "\n") {
			if !strings.HasPrefix(line, "\t") {
				names += line + "\n"
			}
		}
		return names
	}
	if plain, traced := functions(plain.Stack()), functions(traced.Stack()); plain != traced {
		failChild("a stack was\n%sand became\n%s", plain, traced)
	}
	var inside error
	guardtest.Deliver(func() { inside = guardtest.Named("read through null").Call(16) })
	stack := inside.(*cgoguard.Error).GoStack()
	if missing := firstMissing(stack, "stacksWithTraceback.func", "C.guardtest::courier::hand_over(unsigned long)\n\t",
		"guardtest.Deliver", "stacksWithTraceback"); missing != "" {
		failChild("%s is missing, or out of order, in\n%s", missing, stack)
	}
}

// A panic past C++ frames takes away what Go has noted of them, without telling us.
func TestStacksAreRightAfterPanicsWithTracebackEnabled(t *testing.T) {
	leavesCFrames(t)
	runChild(t, "stacks with traceback after panics")
}

func stacksAfterPanics() {
	enableTraceback()
	for i := 0; i < 100000; i++ {
		func() {
			defer func() { recover() }()
			guardtest.Deliver(func() { panic("past C++") })
		}()
	}
	guardtest.Deliver(func() {
		if text := string(debug.Stack()); firstMissing(text, "C.guardtest::courier::hand_over", "guardtest.Deliver") != "" {
			failChild("after panics, a stack in a callback is\n%s", text)
		}
	})
}

// stormTime is for how long the storm is to last, in a child.
func stormTime() time.Duration {
	seconds, _ := strconv.Atoi(os.Getenv(loadSecondsVariable))
	return time.Duration(seconds) * time.Second
}

func TestTrap18ThrowsOnEightThreadsBesideTracebackDoNotHang(t *testing.T) {
	if os.Getenv(loadSecondsVariable) == "" {
		seconds := "5"
		if testing.Short() {
			seconds = "2"
		}
		t.Setenv(loadSecondsVariable, seconds)
	}
	t.Log(runChild(t, "throws beside traceback"))
}

// throwsBesideTraceback has eight threads throw, while the profiler's signal comes a thousand times a second, the
// collector stops the world, and stacks of all goroutines are asked for.
func throwsBesideTraceback() {
	enableTraceback()
	runtime.SetCPUProfileRate(1000) // StartCPUProfile says that it can't have 100 then, and goes on
	var throws, callbacks, dumps, collections atomic.Int64
	text := profileOf(func() {
		end := time.Now().Add(stormTime())
		var wait sync.WaitGroup
		loop := func(counter *atomic.Int64, work func()) {
			wait.Add(1)
			go func() {
				defer wait.Done()
				// On a machine that is busy with other things, until the profiler must have met a throw.
				for time.Now().Before(end) || throws.Load() < 1000 {
					work()
					counter.Add(1)
				}
			}()
		}
		for i := 0; i < 8; i++ {
			loop(&throws, func() {
				if err := guardtest.ThrowAndCatch(100); err != nil {
					failChild("what was caught inside a guard came out of it: %v", err)
				}
			})
		}
		loop(&callbacks, func() {
			guardtest.Deliver(func() {
				if err := guardtest.Named("throw std::out_of_range").Call(16); err == nil {
					failChild("an exception was lost")
				}
			})
		})
		loop(&collections, func() { runtime.GC(); time.Sleep(time.Millisecond) })
		// Not runtime.Stack for all goroutines: on Go 1.27 that was seen to end the process, in Go's own unwinder, when a
		// goroutine came back from C in the middle of it.
		loop(&dumps, func() {
			pprof.Lookup("goroutine").WriteTo(io.Discard, 1)
			time.Sleep(20 * time.Millisecond)
		})
		wait.Wait()
	})
	fmt.Printf("%d throws, %d callbacks, %d dumps, %d collections, a profile of %d bytes\n", throws.Load()*100,
		callbacks.Load(), dumps.Load(), collections.Load(), len(text))
	if !bytes.Contains(text, []byte("C.guardtest::throw_if_positive")) {
		failChild("the profile has no C++ frame")
	}
}
