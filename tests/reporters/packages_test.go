// SPDX-License-Identifier: BSL-1.0

package reporters_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.com/reporters"
	"example.com/reporters/inventory"
	"github.com/cgo-guard/cgo_guard/cgoguard"
	cockroach "github.com/cockroachdb/errors"
	pkgerrors "github.com/pkg/errors"
)

// checkOrder fails the test unless text has all parts, in this order.
func checkOrder(t *testing.T, text string, parts ...string) {
	t.Helper()
	rest := text
	for _, part := range parts {
		at := strings.Index(rest, part)
		if at < 0 {
			t.Errorf("%q is missing, or out of order, in\n%s", part, text)
			return
		}
		rest = rest[at+len(part):]
	}
}

// failure is the *Error in err.
func failure(t *testing.T, err error) *cgoguard.Error {
	t.Helper()
	var e *cgoguard.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %#v, want a *cgoguard.Error", err)
	}
	return e
}

var bothStacks = []string{"C++ stack:", "inventory::write_to_nobody()", "inventory.cpp:", "Go stack:", "inventory.Fault"}

func TestPkgErrorsPrintsBothStacksOfWhatItWraps(t *testing.T) {
	err := pkgerrors.Wrap(inventory.Fault(), "counting")
	checkOrder(t, fmt.Sprintf("%+v", err), append(bothStacks, "counting", "TestPkgErrorsPrintsBothStacksOfWhatItWraps")...)
	if cause, ok := pkgerrors.Cause(err).(*cgoguard.Error); !ok {
		t.Errorf("the cause is a %T", cause)
	}
	if !pkgerrors.Is(err, cgoguard.SIGSEGV) {
		t.Error("Is does not find SIGSEGV")
	}
	checkOrder(t, fmt.Sprintf("%+v", pkgerrors.Wrap(inventory.Nested(), "counting")), "std::logic_error: no count",
		"C++ stack:", "inventory::count_items()", "caused by: std::runtime_error: item A-113",
		"caused by: std::out_of_range: shelf 3", "Go stack:", "inventory.Nested")
}

// fmt.Errorf hides whatever its error could print: no package can show more than one line.
func TestPkgErrorsPrintsOneLineBelowFmtErrorf(t *testing.T) {
	err := pkgerrors.WithMessage(inventory.Wrapped(), "counting")
	if text := fmt.Sprintf("%+v", err); strings.Contains(text, "stack") || !strings.Contains(text, "SIGSEGV: null pointer write") {
		t.Errorf("got\n%s", text)
	}
	checkOrder(t, fmt.Sprintf("%+v", failure(t, err)), bothStacks...)
}

func TestCockroachPrintsBothStacksBelowFmtErrorfToo(t *testing.T) {
	for _, err := range []error{inventory.Fault(), inventory.Wrapped()} {
		text := fmt.Sprintf("%+v", cockroach.Wrap(err, "counting"))
		checkOrder(t, strings.ReplaceAll(text, "  | ", ""), append([]string{"counting"}, bothStacks...)...)
	}
	if !cockroach.Is(cockroach.Wrap(inventory.Wrapped(), "counting"), cgoguard.SIGSEGV) {
		t.Error("Is does not find SIGSEGV")
	}
}

// It formats only the last of a chain in full, and of nested exceptions that one has no stack of its own.
func TestCockroachPrintsNoCppStackOfAChain(t *testing.T) {
	err := cockroach.Wrap(inventory.Nested(), "counting")
	text := fmt.Sprintf("%+v", err)
	checkOrder(t, text, "std::logic_error: no count", "std::runtime_error: item A-113", "std::out_of_range: shelf 3")
	if strings.Contains(text, "count_items") {
		t.Errorf("it prints the C++ stack by now; docs/reporters.md says that it does not\n%s", text)
	}
	detailed := cockroach.WithDetail(err, fmt.Sprintf("%+v", failure(t, err)))
	checkOrder(t, fmt.Sprintf("%+v", detailed), "C++ stack:", "inventory::count_items()")
}

// Its reports leave out all that is not marked as safe, which a library can't decide.
func TestCockroachsSafeDetailsAreTheTypeUnlessMarked(t *testing.T) {
	err := inventory.Wrapped()
	safe := fmt.Sprint(cockroach.GetAllSafeDetails(err))
	if !strings.Contains(safe, "cgoguard.Error") || strings.Contains(safe, "SIGSEGV") {
		t.Errorf("safe details: %s", safe)
	}
	marked := cockroach.WithSafeDetails(err, "%s", cockroach.Safe(failure(t, err).CStack()))
	checkOrder(t, fmt.Sprint(cockroach.GetAllSafeDetails(marked)), "inventory::write_to_nobody()")
}

func TestCockroachReportsTheGoStackOfTheAdapter(t *testing.T) {
	if stack := cockroach.GetReportableStackTrace(inventory.Fault()); stack != nil {
		t.Errorf("it finds the stack without the adapter by now: %v", stack)
	}
	stacked := reporters.Stacked{Failure: failure(t, inventory.Fault())}
	stack := cockroach.GetReportableStackTrace(stacked)
	if stack == nil || stack.Frames[len(stack.Frames)-1].Function != "Fault" {
		t.Errorf("got %+v", stack)
	}
	if !errors.Is(stacked, cgoguard.SIGSEGV) {
		t.Error("the adapter hides the error from errors.Is")
	}
}
