// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

// namesKnown reports whether this binary has the names of its C++ functions. Plain "go test" strips them;
// go test -ldflags='-s=false -w=false' does not.
func namesKnown() bool {
	executable, err := os.Executable()
	if err != nil {
		return false
	}
	file, err := elf.Open(executable)
	if err != nil {
		return false
	}
	defer file.Close()
	return file.Section(".symtab") != nil
}

func needNames(t *testing.T) {
	t.Helper()
	if !namesKnown() {
		t.Skip("this test binary is stripped; run with -ldflags='-s=false -w=false'")
	}
}

func TestEveryCppFrameCanBeFoundInItsModule(t *testing.T) {
	for _, c := range guardtest.All() {
		e := failure(t, c.Call(16))
		frames := e.Frames()
		if len(frames) == 0 || e.CStack() == "" {
			t.Errorf("%s: no stack", c.Name)
		}
		for i, frame := range frames {
			wild := i == 0 && frame.PC == e.Address && e.Access == cgoguard.AccessExecute
			gap := frame.PC == 0 && strings.HasSuffix(frame.Function, " left out ...")
			if (frame.Module == "" || frame.Offset == 0) && !wild && !gap {
				t.Errorf("%s: incomplete %+v", c.Name, frame)
			}
		}
		for _, line := range strings.Split(e.CStack(), "\n") {
			if strings.HasPrefix(line, "\t") && !strings.Contains(line, "+0x") && !strings.Contains(line, "no module") {
				t.Errorf("%s: no offset for addr2line in %q", c.Name, line)
			}
		}
	}
}

func TestTheCppStackNamesTheWayFromTheFailureToTheGuard(t *testing.T) {
	needNames(t)
	for _, test := range []struct {
		name  string
		trail []string // innermost first
	}{
		{"assert", []string{"check_item", "check_shelf", "check_inventory", "guardtest_assert"}},
		{"throw std::nested_exception", []string{"count_items", "guardtest_throw_nested"}},
		{"method of null object", []string{"inventory::count", "guardtest_null_object"}},
		{"call through null", []string{"guardtest_null_call"}},
		{"throw std::filesystem_error", []string{"guardtest_throw_filesystem_error"}},
		{"fault under a lock", []string{"write_entry", "guardtest_fault_under_lock"}},
	} {
		e := failure(t, guardtest.Named(test.name).Call(16))
		rest := e.CStack()
		for _, function := range test.trail {
			at := strings.Index(rest, function)
			if at < 0 {
				t.Errorf("%s: %s is missing, or out of order, in\n%s", test.name, function, e.CStack())
				break
			}
			rest = rest[at+len(function):]
		}
	}
}

func TestFramesTellTheSameAsTheText(t *testing.T) {
	needNames(t)
	e := failure(t, guardtest.Named("assert").Call(1))
	frames := e.Frames()
	found := false
	for _, frame := range frames {
		if strings.Contains(frame.Function, "check_item") {
			found = true
			if !strings.HasSuffix(frame.File, "aborts.cpp") || frame.Line == 0 {
				t.Errorf("the assert is at %+v", frame)
			}
			if text := fmt.Sprintf("aborts.cpp:%d", frame.Line); !strings.Contains(e.CStack(), text) {
				t.Errorf("CStack lacks %s:\n%s", text, e.CStack())
			}
		}
	}
	if !found {
		t.Errorf("no frame is check_item: %+v", frames)
	}
	frames[0].Function = "changed by the caller"
	if e.Frames()[0].Function == "changed by the caller" {
		t.Error("Frames hands out its own memory")
	}
}

func TestADeepStackShowsWhereItsMiddleIsMissing(t *testing.T) {
	e := failure(t, guardtest.Named("stack overflow").Call(1))
	stack := e.CStack()
	named := strings.Contains(stack, "recurse") && strings.Contains(stack, "guardtest_stack_overflow")
	if namesKnown() && !named {
		t.Errorf("the stack lacks its ends:\n%s", stack)
	}
	var gaps []string
	for _, frame := range e.Frames() {
		if strings.HasSuffix(frame.Function, " frames left out ...") && frame.PC == 0 {
			gaps = append(gaps, frame.Function)
		}
	}
	if len(gaps) != 1 {
		t.Fatalf("Frames has gaps %q", gaps)
	}
	if strings.Contains(stack, gaps[0]) {
		return
	}
	// The text folds the recursion on both sides of the gap into one. There, what is inlined into the missing frames
	// counts as well.
	number := func(text string) int {
		n, _ := strconv.Atoi(strings.ReplaceAll(text, ",", ""))
		return n
	}
	missing := number(strings.Fields(gaps[0])[1])
	told := regexp.MustCompile(`, ([0-9,]+) of them not recorded \.\.\.\n`).FindStringSubmatch(stack)
	if told == nil || missing == 0 || number(told[1]) < missing {
		t.Errorf("Frames has the gap %q, and the stack is\n%s", gaps[0], stack)
	}
}

func TestTheGoStackStartsAtTheCallerOfErr(t *testing.T) {
	e := failure(t, callFromHere())
	lines := strings.Split(e.GoStack(), "\n")
	for i, want := range []string{"internal/guardtest.Case.Call", "cases.go:", "cgoguard_test.callFromHere", "stacks_test.go:",
		"cgoguard_test.TestTheGoStackStartsAtTheCallerOfErr", "stacks_test.go:"} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %d is %q, want %q, in\n%s", i, lines[i], want, e.GoStack())
		}
	}
	if strings.Contains(e.GoStack(), "goexit") {
		t.Errorf("the stack goes on into the runtime:\n%s", e.GoStack())
	}

	first, _ := runtime.CallersFrames(e.StackTrace()).Next()
	if !strings.HasSuffix(first.Function, "Case.Call") {
		t.Errorf("StackTrace starts at %s", first.Function)
	}
	if fmt.Sprint(e.StackTrace()) != fmt.Sprint(e.Callers()) {
		t.Error("Callers and StackTrace differ")
	}
	if e.Stack() != e.CStack()+e.GoStack() || strings.Contains(e.Stack(), "\n\n") {
		t.Errorf("Stack is not one list:\n%s", e.Stack())
	}
}

//go:noinline
func callFromHere() error { return guardtest.Named("throw int").Call(3) }

func TestADeepGoStackSaysThatItGoesOn(t *testing.T) {
	e := failure(t, callFromDepth(500))
	if !strings.HasSuffix(e.GoStack(), "...additional frames elided...\n") {
		t.Errorf("a stack of 500 frames ends with\n%s", e.GoStack()[max(0, len(e.GoStack())-200):])
	}
}

//go:noinline
func callFromDepth(n int) error {
	if n == 0 {
		return callFromHere()
	}
	return callFromDepth(n - 1)
}

func TestTrap61OneErrorServesManyGoroutines(t *testing.T) {
	e := failure(t, guardtest.Named("throw std::nested_exception").Call(1))
	type answer struct{ text, stack, all string }
	answers := make([]answer, 32)
	var wait sync.WaitGroup
	for i := range answers {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			answers[i] = answer{e.Error(), e.Stack() + fmt.Sprint(e.Frames()), fmt.Sprintf("%+v", e)}
		}(i)
	}
	wait.Wait()
	for _, a := range answers {
		if a != answers[0] {
			t.Fatalf("two goroutines saw different things:\n%v\n%v", a, answers[0])
		}
	}
}

func TestTrap61ACopiedErrorIsAnErrorOfItsOwn(t *testing.T) {
	e := failure(t, guardtest.Named("throw int").Call(1))
	second := *e
	second.Message = "changed"
	if e.Message == "changed" || second.CStack() != e.CStack() {
		t.Error("the copy and the original are entangled")
	}
}

func TestErrInlinesToAComparison(t *testing.T) {
	if strings.HasPrefix(runtime.Version(), "go1.19") {
		t.Skip("Go 1.19 inlines no generic function of another package")
	}
	output, err := exec.Command("go", "build", "-gcflags=-m", "./testdata/inline").CombinedOutput()
	if err != nil {
		t.Skipf("no go command to ask: %v\n%s", err, output)
	}
	if !strings.Contains(string(output), "inlining call to cgoguard.Err") {
		t.Errorf("the compiler does not inline Err:\n%s", output)
	}
}

func TestPercentPlusVShowsBothStacksAndTheCauses(t *testing.T) {
	text := fmt.Sprintf("%+v", guardtest.Named("throw std::nested_exception").Call(8))
	for _, part := range []string{"logic_error", ": outermost token 8 in guardtest_throw_nested", "caused by: ", ": middle token 8",
		"caused by: std::invalid_argument: innermost token 8", "C++ stack:\n", "guardtest_throw_nested", "Go stack:\n",
		"TestPercentPlusVShowsBothStacksAndTheCauses"} {
		if !strings.Contains(text, part) {
			t.Errorf("%%+v lacks %q:\n%s", part, text)
		}
	}
}
