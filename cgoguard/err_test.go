// SPDX-License-Identifier: BSL-1.0

package cgoguard_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/cgo-guard/cgo_guard/cgoguard"
	"github.com/cgo-guard/cgo_guard/cgoguard/internal/guardtest"
)

func TestTrap61ErrOfNilIsATrueNil(t *testing.T) {
	if err := guardtest.NilErr(); err != nil {
		t.Fatalf("Err(nil) = %#v", err)
	}
	out, err := guardtest.Success(42)
	if out != 42 || err != nil {
		t.Fatalf("a guarded call that succeeds gave %d, %#v", out, err)
	}
}

// Traps 49, 50, 53 and 51 by way of the table: every kind of failure is an error that says what it was.
func TestTrap49EveryFailureIsAnErrorThatSaysWhatItWas(t *testing.T) {
	for i, c := range guardtest.All() {
		c, token := c, uint64(7000+i*16)
		t.Run(c.Name, func(t *testing.T) {
			err := c.Call(token)
			e := failure(t, err)
			checkCase(t, c, token, e)
			if e.Function == "" || !strings.HasSuffix(e.File, ".cpp") || e.Line == 0 {
				t.Errorf("the guard's site is %q, %q, line %d", e.Function, e.File, e.Line)
			}
			if e.ThreadID == 0 {
				t.Error("no thread id")
			}
			if line := err.Error(); strings.ContainsAny(line, "\n\r") || !utf8.ValidString(line) {
				t.Errorf("Error() is no single line of UTF-8: %q", line)
			}
			if !nilPanicRecovers() {
				t.Error("a nil pointer panic in Go is no longer recovered")
			}
		})
	}
	if live := cgoguard.Stats().LiveErrors; live != 0 {
		t.Errorf("%d C errors are still live", live)
	}
}

// checkCase compares an error with what its case announces.
func checkCase(t *testing.T, c guardtest.Case, token uint64, e *cgoguard.Error) {
	t.Helper()
	if e.Code != c.Code || e.Number != c.Number || !strings.Contains(e.Name, c.ErrorName) {
		t.Errorf("%s: got %v %d %q, want %v %d %q", c.Name, e.Code, e.Number, e.Name, c.Code, c.Number, c.ErrorName)
	}
	if want := c.MessageFor(token); !strings.Contains(e.Message, want) {
		t.Errorf("%s: message %.200q lacks %q", c.Name, e.Message, want)
	}
	if !utf8.ValidString(e.Message) {
		t.Errorf("%s: message %.200q is not valid UTF-8", c.Name, e.Message)
	}
	if c.Access != cgoguard.AccessUnknown && e.Access != c.Access {
		t.Errorf("%s: access is %v, want %v", c.Name, e.Access, c.Access)
	}
	if c.HasToken && e.Address != guardtest.TokenAddress(token) {
		t.Errorf("%s: address is %#x, want %#x", c.Name, e.Address, guardtest.TokenAddress(token))
	}
}

func TestTrap49ForcedUnwindPassesThroughTheGuard(t *testing.T) {
	if !guardtest.ThreadsCanBeUnwound() {
		t.Skip("pthread_cancel unwinds with libgcc_s, and C++ code here with LLVM's libunwind: that crashes without a guard too")
	}
	if !guardtest.CancelledThreadUnwinds() {
		t.Error("pthread_cancel did not unwind the thread through its guard")
	}
}

func TestTrap50MessagesOfAnyLengthAreWhole(t *testing.T) {
	e := failure(t, guardtest.Named("what() is huge").Call(99))
	if want := strings.Repeat("x", 1<<20) + "token 99"; e.Message != want {
		t.Errorf("a message of %d bytes came back as %d bytes, ending in %q", len(want), len(e.Message), e.Message[max(0, len(e.Message)-20):])
	}
}

func max(a, b int) int {
	if a > b {
		return a
	}
	return b
}

func TestNestedExceptionsAreCauses(t *testing.T) {
	e := failure(t, guardtest.Named("throw std::nested_exception").Call(5))
	for _, want := range []struct{ name, message string }{
		{"std::logic_error", "outermost token 5"},
		{"std::runtime_error", "middle token 5"},
		{"std::invalid_argument", "innermost token 5"},
	} {
		if e == nil {
			t.Fatalf("the chain ends before %v", want)
		}
		// std::throw_with_nested throws a class derived from the one that it was given.
		if !strings.Contains(e.Name, want.name) || e.Message != want.message {
			t.Errorf("got %s: %s, want %v", e.Name, e.Message, want)
		}
		e = e.Cause
	}
	if e != nil {
		t.Errorf("the chain goes on with %v", e)
	}
}

func TestErrnoIsMatchedInItsOwnCategoryOnly(t *testing.T) {
	for _, name := range []string{"throw std::system_error", "throw std::filesystem_error"} {
		err := guardtest.Named(name).Call(1)
		if !errors.Is(err, syscall.ENOENT) || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v is not ENOENT", name, err)
		}
	}
	err := guardtest.Named("throw error of own category").Call(1)
	if errors.Is(err, syscall.ENOENT) {
		t.Errorf("%v of category %q passes for ENOENT", err, failure(t, err).Category)
	}
	if got := failure(t, err).Category; got != "warehouse" {
		t.Errorf("category is %q", got)
	}
}

func TestSentinelsMatchTheirFailuresOnly(t *testing.T) {
	sentinels := map[string]error{"SIGSEGV": cgoguard.SIGSEGV, "SIGBUS": cgoguard.SIGBUS, "SIGFPE": cgoguard.SIGFPE,
		"SIGILL": cgoguard.SIGILL, "SIGABRT": cgoguard.SIGABRT, "SIGTRAP": cgoguard.SIGTRAP, "SIGSYS": cgoguard.SIGSYS}
	for _, c := range guardtest.Faults {
		err := c.Call(16)
		for name, sentinel := range sentinels {
			if errors.Is(err, sentinel) != (name == c.ErrorName) {
				t.Errorf("%s: errors.Is(%v, %s) = %v", c.Name, err, name, errors.Is(err, sentinel))
			}
		}
		if !errors.Is(err, cgoguard.ErrSignal) || errors.Is(err, cgoguard.ErrException) {
			t.Errorf("%s: %v is not just ErrSignal", c.Name, err)
		}
	}
}

func TestValueFormReturnsItsValueOrZeroAndAnError(t *testing.T) {
	if value, err := guardtest.Value(7, false); value != 7 || err != nil {
		t.Errorf("success gave %d, %v", value, err)
	}
	value, err := guardtest.Value(7, true)
	if value != 0 || failure(t, err).Message != "token 7" {
		t.Errorf("failure gave %d, %v", value, err)
	}
}

func TestDestructorsRanBetweenFaultAndGuard(t *testing.T) {
	e := failure(t, guardtest.Named("fault under a lock").Call(16))
	if !guardtest.LockIsFree() {
		t.Errorf("the lock is still held, and cleanup says %v", e.Cleanup)
	}
}

func TestMisuseOfErrIsRefusedWithAnExplanation(t *testing.T) {
	first, second := guardtest.PassReleased()
	if failure(t, first).Name != "int" {
		t.Errorf("the first use gave %v", first)
	}
	wild, atTheEnd := guardtest.PassNowhere()
	for _, test := range []struct {
		err   error
		words []string
	}{
		{second, []string{"released", "once"}},
		{wild, []string{"0x414141414140", "nothing can be read", "CGO_GUARD"}},
		{atTheEnd, []string{"nothing can be read", "CGO_GUARD"}},
		{guardtest.PassSmall(), []string{"guardtest_small", "4 bytes", "CGO_GUARD"}},
		{guardtest.PassUnrelated(), []string{"guardtest_unrelated", "0x0000000000000001", "CGO_GUARD"}},
		{cgoguard.Err(new([1000]byte)), []string{"*[1000]uint8", "CGO_GUARD"}},
		{cgoguard.Err(&struct{}{}), []string{"*struct {}", "0 bytes"}},
	} {
		if !errors.Is(test.err, cgoguard.ErrMisuse) || errors.Is(test.err, cgoguard.ErrVersion) {
			t.Errorf("%v does not wrap ErrMisuse", test.err)
			continue
		}
		for _, word := range test.words {
			if !strings.Contains(test.err.Error(), word) {
				t.Errorf("%q does not mention %q", test.err, word)
			}
		}
	}
}

func TestASecondErrIsCounted(t *testing.T) {
	before := cgoguard.Stats().DoubleFrees
	guardtest.PassReleased()
	if counted := cgoguard.Stats().DoubleFrees - before; counted != 1 {
		t.Errorf("it was counted %d times", counted)
	}
}

func TestErrorsOfAnotherVersionAreReleasedAndNamed(t *testing.T) {
	err, released := guardtest.PassFuture(true)
	if !errors.Is(err, cgoguard.ErrVersion) || released != 1 {
		t.Errorf("got %v, and the error was released %d times", err, released)
	}
	for _, word := range []string{"ABI version 1", "ABI version 2", "go.mod"} {
		if !strings.Contains(fmt.Sprint(err), word) {
			t.Errorf("%q does not mention %q", err, word)
		}
	}
	err, released = guardtest.PassFuture(false)
	if !errors.Is(err, cgoguard.ErrVersion) || released != 0 {
		t.Errorf("without a release function: %v, released %d times", err, released)
	}
}

func TestStatsCountFailuresByCode(t *testing.T) {
	before := cgoguard.Stats()
	guardtest.Named("throw int").Call(1)
	guardtest.Named("read through null").Call(16)
	guardtest.Named("std::terminate").Call(1)
	guardtest.Success(1)
	after := cgoguard.Stats()
	if after.Exceptions-before.Exceptions != 1 || after.Signals-before.Signals != 1 || after.Terminates-before.Terminates != 1 {
		t.Errorf("before %+v\nafter  %+v", before, after)
	}
	cleanups := func(s cgoguard.Statistics) uint64 { return s.CleanupComplete + s.CleanupPartial + s.CleanupNone }
	if cleanups(after)-cleanups(before) != 3 {
		t.Errorf("3 failures counted as %d cleanups", cleanups(after)-cleanups(before))
	}
	if after.Installed != 7 || after.PoolSize == 0 || after.PoisonedBy != "" || after.LiveErrors != 0 {
		t.Errorf("unexpected %+v", after)
	}
}
