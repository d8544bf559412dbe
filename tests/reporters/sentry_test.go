// SPDX-License-Identifier: BSL-1.0

package reporters_test

import (
	"strings"
	"testing"

	"example.com/reporters"
	"example.com/reporters/inventory"
	"github.com/getsentry/sentry-go"
)

// send returns the event that a client sends for err.
func send(t *testing.T, err error, options sentry.ClientOptions) *sentry.Event {
	t.Helper()
	transport := &sentry.MockTransport{}
	options.Dsn, options.Transport = "https://key@sentry.invalid/1", transport
	client, failure := sentry.NewClient(options)
	if failure != nil {
		t.Fatal(failure)
	}
	client.CaptureException(err, &sentry.EventHint{OriginalException: err}, nil)
	if events := transport.Events(); len(events) == 1 {
		return events[0]
	}
	t.Fatalf("%d events were sent, want 1", len(transport.Events()))
	return nil
}

// functions are the names of an exception's frames, outermost first.
func functions(x sentry.Exception) string {
	if x.Stacktrace == nil {
		return "no stack"
	}
	var names []string
	for _, frame := range x.Stacktrace.Frames {
		names = append(names, frame.Function)
	}
	return strings.Join(names, " > ")
}

// Trap 60: C++ addresses that nobody can name would become one frame called "unknown", in the place of the Go stack.
func TestTrap60SentryShowsTheGoStackOfAFault(t *testing.T) {
	event := send(t, inventory.Fault(), sentry.ClientOptions{})
	if len(event.Exception) != 1 {
		t.Fatalf("%d exceptions, want 1", len(event.Exception))
	}
	x := event.Exception[0]
	if x.Type != "*cgoguard.Error" || !strings.HasPrefix(x.Value, "SIGSEGV: null pointer write at 0x0 in inventory_fault (inventory.cpp:") {
		t.Errorf("type %q, value %q", x.Type, x.Value)
	}
	if got := functions(x); got != "TestTrap60SentryShowsTheGoStackOfAFault > Fault" {
		t.Errorf("frames: %s", got)
	}
}

func TestSentryShowsEachExceptionOfAChain(t *testing.T) {
	event := send(t, inventory.Nested(), sentry.ClientOptions{})
	want := []string{"std::out_of_range: shelf 3", "std::runtime_error: item A-113", "std::logic_error: no count in inventory_nested"}
	if len(event.Exception) != len(want) {
		t.Fatalf("%d exceptions, want %d", len(event.Exception), len(want))
	}
	for i, x := range event.Exception { // the outermost comes last
		if !strings.HasPrefix(x.Value, want[i]) || !strings.HasSuffix(functions(x), "> Nested") {
			t.Errorf("exception %d is %q with %s", i, x.Value, functions(x))
		}
	}
}

func TestSentryShowsTheErrorInsideAWrappedOne(t *testing.T) {
	event := send(t, inventory.Wrapped(), sentry.ClientOptions{})
	if len(event.Exception) != 2 || event.Exception[1].Type != "*fmt.wrapError" || event.Exception[0].Type != "*cgoguard.Error" {
		t.Fatalf("exceptions: %+v", event.Exception)
	}
	if got := functions(event.Exception[0]); !strings.HasSuffix(got, "> Wrapped > Fault") {
		t.Errorf("frames: %s", got)
	}
}

func TestSentryGetsTheCppFramesFromBeforeSend(t *testing.T) {
	for _, err := range []error{inventory.Fault(), inventory.Wrapped()} {
		event := send(t, err, sentry.ClientOptions{BeforeSend: reporters.BeforeSend})
		x := event.Exception[0]
		if got := functions(x); !strings.HasSuffix(got, "Fault > inventory_fault > inventory::write_to_nobody()") {
			t.Errorf("frames: %s", got)
		}
		last := x.Stacktrace.Frames[len(x.Stacktrace.Frames)-1]
		if !strings.HasSuffix(last.AbsPath, "inventory.cpp") || last.Lineno == 0 {
			t.Errorf("the frame of the fault is %+v", last)
		}
		if c := event.Contexts["cgo_guard"]; c["cleanup"] != "complete" || c["code"] != "signal" {
			t.Errorf("context: %v", c)
		}
	}
}
